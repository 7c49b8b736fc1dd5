// Dialogs, the confirm step, and the menus that are <details>. All of them open without this file too.

// `command` buttons for browsers that don't know them yet
if (!("command" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (!dialog) return;
    if (button.getAttribute("command") === "show-modal") dialog.showModal();
    else dialog.close();
  });
}

// A dialog that arrives open: on the page, or in a part that HTMX put in.
// What went wrong in a form is brought into view.
function showArrivals(root) {
  const within = (selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];
  for (const dialog of within("dialog[data-show]")) {
    dialog.removeAttribute("data-show");
    if (!dialog.open) dialog.showModal();
  }
  within("[data-focus]")[0]?.focus();
}
showArrivals(document);
document.addEventListener("htmx:afterSettle", (event) => showArrivals(event.target));

document.addEventListener("click", (event) => {
  // a click on the backdrop lands on the dialog itself
  if (event.target.matches?.("dialog.sheet[open]") && !("closedBy" in HTMLDialogElement.prototype)) event.target.close();
  if (event.target.closest?.("[data-cancel]")) event.target.closest("dialog").close();
});

// The confirm step: once its <details> opens, its panel becomes a modal dialog.
document.addEventListener(
  "toggle",
  (event) => {
    const details = event.target;
    if (!details.matches?.("details[data-confirm]") || !details.open) return;
    const dialog = details.querySelector("dialog");
    if (dialog.open) return;
    dialog.showModal();
    dialog.addEventListener("close", () => {
      details.open = false;
      details.querySelector("summary").focus({ preventScroll: true });
    }, { once: true });
  },
  true,
);
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) event.target.closest?.("dialog.confirm-panel[open]")?.close();
});

// Menus close when one looks elsewhere, or presses Escape.
const menus = () => document.querySelectorAll("details[data-menu][open]");
document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("focusin", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});
