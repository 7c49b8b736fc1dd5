// Whoever handles redemptions one after the other is taken to the next that waits: to its row, where a press does nothing.
// What is handled can't be taken back, so the second half of a double press, and a press on what has just moved, do nothing
// either; a press somewhere else counts at once. A key that is held down is one press.
const SOON_MS = 1000;
let changedAt = -Infinity;
let pressed;

document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
  const isList = elt.id === "redemptions";
  if (!isList && !elt.matches?.(".redemption")) return;
  changedAt = performance.now();
  if (isList) pressed = null; // all rows may have moved
  else if (!elt.matches(".is-pending")) goOn(elt);
});

function goOn(done) {
  const waiting = [...done.parentElement.querySelectorAll(".redemption.is-pending")];
  const isLater = (row) => done.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING;
  (waiting.find(isLater) ?? waiting[0] ?? done).focus();
}

const isElsewhere = (event) => event.detail > 0 && pressed && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > 32;

document.addEventListener(
  "click",
  (event) => {
    if (!event.target.closest?.(".redemption button")) return;
    if (performance.now() - changedAt > SOON_MS || isElsewhere(event)) {
      pressed = { x: event.clientX, y: event.clientY };
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

// A note that came too late stays, with its row, when the list looks again by itself, until somebody asks for another list.
const UNSENT = ".redemption-unsent";
const callbacks = window.Idiomorph?.defaults.callbacks;
if (callbacks) {
  callbacks.beforeNodeRemoved = (node) => {
    const isKept = node.matches?.(UNSENT) || node.querySelector?.(UNSENT);
    if (isKept) for (const row of node.querySelectorAll(`.redemption:not(:has(${UNSENT}))`)) row.remove();
    return !isKept;
  };
}
document.addEventListener("htmx:beforeRequest", ({ detail: { target } }) => {
  if (target?.id === "redemptions") for (const note of target.querySelectorAll(UNSENT)) note.remove();
});

document.addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "Enter" && event.target.closest?.(".redemption button")) event.preventDefault();
});
