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

// Whoever closes a dialog is where they were; an entry of a menu that has closed meanwhile stands behind its button.
function comeBackTo(dialog, opener) {
  const place = opener?.closest("[data-menu]")?.querySelector("summary") ?? opener;
  dialog.addEventListener("close", () => place?.isConnected && place.focus({ preventScroll: true }), { once: true });
}

// What was typed isn't thrown away by the first Escape.
document.addEventListener(
  "cancel",
  (event) => {
    const dialog = event.target;
    if (!dialog.matches?.("dialog[data-guard]") || dialog.dataset.warned) return;
    const fields = [...dialog.querySelectorAll("input:not([type=hidden]), textarea")];
    const isTouched = fields.some((field) => (field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue));
    if (!isTouched) return;
    event.preventDefault();
    dialog.dataset.warned = "1";
    setTimeout(() => delete dialog.dataset.warned, 5000);
    document.dispatchEvent(new CustomEvent("toast", { detail: { message: dialog.dataset.guard, tone: "warning" } }));
  },
  true,
);

// A dialog that arrives open: on the page, or in a part that HTMX put in.
// What went wrong in a form is brought into view.
function showArrivals(root) {
  const within = (selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];
  for (const dialog of within("dialog[data-show]")) {
    dialog.removeAttribute("data-show");
    if (!dialog.open) {
      comeBackTo(dialog, document.activeElement);
      dialog.showModal();
      if (dialog.dataset.begin) dialog.querySelector(`[name="${dialog.dataset.begin}"]`)?.focus();
    }
  }
  const place = within("[data-focus]")[0];
  place?.removeAttribute("data-focus"); // once: what stays on the page doesn't call for it at each later look
  place?.focus();
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
// An answer that puts its page's part in anew shuts the step properly first: what is morphed shut would still hold the page.
document.addEventListener("htmx:beforeSwap", (event) => {
  const dialog = event.detail.requestConfig?.elt.closest("dialog.confirm-panel[open]");
  if (dialog && event.detail.shouldSwap && event.detail.target?.contains(dialog)) dialog.close();
});
document.addEventListener("htmx:afterRequest", (event) => {
  // a refusal is an answer too (htmx-config in base.html), though none that closes anything
  if (event.detail.successful && event.detail.xhr.status < 400) event.target.closest?.("dialog.confirm-panel[open]")?.close();
});

// Whoever changed something in a list stays at that place of it, or at what has come there.
let places = [];
document.addEventListener("htmx:beforeRequest", (event) => {
  const row = event.target.matches?.("form[method=post]") ? event.target.closest("li[id], tr[id]") : null;
  places = row ? [row.id, row.nextElementSibling?.id, row.previousElementSibling?.id].filter(Boolean) : [];
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (!places.length || document.activeElement !== document.body) return;
  const there = places.map((id) => document.getElementById(id)).find(Boolean) ?? event.target;
  places = [];
  const next = there.querySelector?.("[data-menu] > summary") ?? there.querySelector?.("a[href], summary, input:not([type=hidden])") ?? there;
  if (next === there) there.tabIndex = -1;
  next.focus({ preventScroll: true });
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
