// Fields that belong to one choice only (`data-only-for`): while another is chosen the stylesheet folds them away, and
// what stands in them isn't sent. What the summary of errors says of them goes with them.

function settle(form) {
  for (const group of form.querySelectorAll("[data-only-for]")) {
    group.disabled = form.elements.type.value !== group.dataset.onlyFor;
  }
  const summary = form.querySelector(".error-summary");
  if (!summary) return;
  const lines = [...summary.querySelectorAll("li")];
  for (const line of lines) {
    const field = document.getElementById(line.querySelector("a")?.hash.slice(1));
    line.hidden = Boolean(field?.closest("[data-only-for]:disabled"));
  }
  const left = lines.filter((line) => !line.hidden).length;
  summary.hidden = left === 0;
  summary.querySelector(".error-summary-title").hidden = left < lines.length; // it tells how many there are
}

const forms = [...document.querySelectorAll("[data-only-for]")].map((group) => group.form);
const settleAll = () => forms.forEach(settle);
document.addEventListener("change", settleAll);
window.addEventListener("pageshow", settleAll); // browsers put back what was chosen before
