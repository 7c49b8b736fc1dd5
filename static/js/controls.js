// Small helps: quantity buttons, copying, sharing, one submit per form, and the line that says "working".

// what is being typed must not be overwritten by the answer to something else, by a list that is searched meanwhile, or by
// the check of that very field; but what the form was sent with is the answer's to say, and a button in focus does get its
// new words
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!window.Idiomorph) return;
  const { verb, elt } = event.detail.requestConfig;
  const typing = document.activeElement?.matches("input, textarea, select") ?? false;
  window.Idiomorph.defaults.ignoreActiveValue = typing && (verb === "get" || elt === document.activeElement || !elt.contains(document.activeElement));
});

async function putOnClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // no clipboard outside of https: the old way
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

document.addEventListener("click", async (event) => {
  const step = event.target.closest?.("[data-stepper] [data-step]");
  if (step) {
    const input = step.closest("[data-stepper]").querySelector("input");
    if (Number(step.dataset.step) > 0) input.stepUp();
    else input.stepDown();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
    return;
  }
  const copy = event.target.closest?.("[data-copy]");
  if (copy) {
    await putOnClipboard(copy.dataset.copy);
    const label = copy.querySelector("span");
    const before = label.textContent;
    if (before === copy.dataset.copied) return;
    label.textContent = copy.dataset.copied;
    copy.classList.add("is-copied");
    setTimeout(() => {
      copy.classList.remove("is-copied");
      label.textContent = before;
    }, 1800);
    return;
  }
  const fill = event.target.closest?.("[data-fill]");
  if (fill) {
    const input = document.getElementById(fill.dataset.fill);
    event.preventDefault();
    input.value = fill.dataset.value;
    input.focus();
    return;
  }
  const share = event.target.closest?.("[data-share]");
  if (share) {
    const what = { title: share.dataset.title, url: share.dataset.share };
    if (navigator.share) {
      await navigator.share(what).catch(() => {});
      return;
    }
    await putOnClipboard(what.url);
    const told = { message: share.dataset.told, tone: "success" };
    if (told.message) document.dispatchEvent(new CustomEvent("toast", { detail: told }));
    return;
  }
  if (event.target.closest?.("[data-print]")) window.print();
});

// what was typed into these fields goes to the server first: nobody orders another number than the one they see
document.addEventListener(
  "submit",
  (event) => {
    const first = event.target.dataset.after;
    const open = first && [...document.querySelectorAll(first)].find((field) => field.value !== field.defaultValue || !field.checkValidity());
    if (!open) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (open.value === open.defaultValue) open.focus();
    else open.form.requestSubmit();
    const told = { message: event.target.dataset.afterTold, tone: "info" };
    document.dispatchEvent(new CustomEvent("toast", { detail: told }));
  },
  true,
);

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-submits]")) event.target.form.requestSubmit();
});

// A plain form is sent once. (HTMX minds its own.)
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  (event.submitter ?? form.querySelector("button:not([type=button])"))?.setAttribute("aria-busy", "true");
});
// back from the next page: the form may be sent again
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll('button[aria-busy="true"]')) button.removeAttribute("aria-busy");
});

// on a phone the tab that one is on may lie beyond the edge
for (const tab of document.querySelectorAll(".tabs-bar [aria-current]")) {
  const bar = tab.parentElement;
  bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
}

// the same of the sidebar where it is longer than the window
const entry = document.querySelector(".sidebar [aria-current]");
const sidenav = entry?.closest(".sidenav");
const isBelow = sidenav && entry.getBoundingClientRect().bottom > sidenav.getBoundingClientRect().bottom - 32;
if (isBelow) sidenav.scrollTop = entry.offsetTop - sidenav.clientHeight / 2;

let working = 0;
const show = () => document.documentElement.classList.toggle("is-busy", working > 0);
document.addEventListener("htmx:beforeSend", (event) => {
  working += 1;
  show();
  // an answer that nobody waits for any more is no error: HTMX tells the console of what has `error`
  const { xhr } = event.detail;
  const tell = xhr.onabort;
  xhr.onabort = () => {
    event.detail.error = "";
    tell();
  };
});
document.addEventListener("htmx:afterRequest", () => {
  working = Math.max(0, working - 1);
  show();
});
