// Fields that belong to one choice only (`data-only-for`): while another is chosen the stylesheet folds them away, and
// what stands in them isn't sent.

function settle(form) {
  for (const group of form.querySelectorAll("[data-only-for]")) {
    group.disabled = form.elements.type.value !== group.dataset.onlyFor;
  }
}

const forms = [...document.querySelectorAll("[data-only-for]")].map((group) => group.form);
const settleAll = () => forms.forEach(settle);
document.addEventListener("change", settleAll);
window.addEventListener("pageshow", settleAll); // browsers put back what was chosen before
