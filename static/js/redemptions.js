// Whoever handles redemptions one after the other is taken to the next that waits. A key that is held down is one press.

document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
  if (!elt.matches?.(".redemption:not(.is-pending)")) return;
  const waiting = [...elt.parentElement.querySelectorAll(".redemption.is-pending")];
  const isLater = (row) => elt.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING;
  const next = waiting.find(isLater) ?? waiting[0];
  if (!next) elt.tabIndex = -1;
  (next?.querySelector("[data-first]") ?? elt).focus();
});

document.addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "Enter" && event.target.closest?.(".redemption button")) event.preventDefault();
});
