// Toasts: those that came with the page, those that HTMX answers announce (HX-Trigger: toast), and lost connections.
const region = document.getElementById("toasts");
const template = document.getElementById("toast-template");
const STAY = 6000;

// What lies over the page would hide them: they move into the dialog that is open, and back when it closes.
const home = region?.parentElement;

function come() {
  const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
  if (dialog && !dialog.contains(region)) dialog.append(region);
}

function goHome() {
  if (home && region.parentElement !== home) home.append(region);
}

function leave(item) {
  item.classList.add("is-leaving");
  setTimeout(() => item.remove(), 220);
}

// A toast leaves by itself unless it tells of an error, or somebody is reading it.
function mind(item) {
  if (item.dataset.minded) return;
  item.dataset.minded = "1";
  if (item.dataset.toast === "error") return;
  let timer;
  const start = () => {
    timer = setTimeout(() => leave(item), STAY);
  };
  const hold = () => clearTimeout(timer);
  item.addEventListener("mouseenter", hold);
  item.addEventListener("mouseleave", start);
  item.addEventListener("focusin", hold);
  item.addEventListener("focusout", start);
  start();
}

export function toast(message, tone = "success") {
  const looks = [...template.content.children];
  const item = (looks.find((each) => each.dataset.toast === tone) ?? looks[0]).cloneNode(true);
  item.querySelector("p").textContent = message;
  come();
  region.append(item);
}

if (region && template) {
  for (const item of region.children) mind(item);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.nodeType === Node.ELEMENT_NODE) mind(node);
    }
  }).observe(region, { childList: true });

  document.addEventListener("close", goHome, true);
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.contains?.(region)) goHome();
  });

  region.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (button) leave(button.closest("[data-toast]"));
  });

  // What is answered now is the news: what was told of the sending before may no longer be so, and lies over the answer.
  document.addEventListener("htmx:beforeOnLoad", ({ detail: { requestConfig } }) => {
    if (requestConfig.verb !== "get") for (const item of region.children) leave(item);
  });

  document.addEventListener("toast", (event) => {
    const told = event.detail?.toasts ?? [event.detail];
    for (const { message, tone } of told) if (message) toast(message, tone);
  });
  document.addEventListener("htmx:sendError", () => toast(region.dataset.offline, "error"));
  document.addEventListener("htmx:timeout", () => toast(region.dataset.offline, "error"));
}
