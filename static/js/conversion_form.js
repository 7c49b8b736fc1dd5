// What the chosen offer usually pays stands in the field for it, until something else is typed there.

function show(select) {
  const payout = document.getElementById(select.dataset.setsUsual);
  payout.placeholder = select.selectedOptions[0]?.dataset.payout ?? "";
}

for (const select of document.querySelectorAll("[data-sets-usual]")) {
  show(select);
  select.addEventListener("change", () => show(select));
}
