// The form of a member bonus: what is usual for a type stands there when it is chosen, unless it was typed already.

const ONCE = new Set(["deposit", "freecredit"]);

document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.name !== "type" || !target.form?.elements.turnover_requirement) return;
  const { per_user_limit: each } = target.form.elements;
  if (each.value === each.defaultValue || each.dataset.usual === each.value) {
    each.value = ONCE.has(target.value) ? "1" : "";
    each.dataset.usual = each.value;
  }
});
