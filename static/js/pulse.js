// A page that looks again by itself: <div hidden data-pulse="1000" data-url="…" data-target="#part" data-etag="…">.
// It asks the address every so many milliseconds, at once after `logged`, when the cart has changed, when something has
// ended and when the tab comes back to the front, and never while the tab is hidden or a dialog is open. 204 and 304 say
// that nothing changed. Failures stay quiet: the next look may do better, and whatever people do themselves still tells them.
let timer;
let asking;

const pulse = () => document.querySelector("[data-pulse]");

function plan() {
  clearTimeout(timer);
  const every = Number(pulse()?.dataset.pulse);
  if (every && !document.hidden) timer = setTimeout(look, every);
}

// Something of this part is on its way to the server: its answer is the newer one.
const isSending = (found) => Boolean(document.querySelector(found.dataset.target)?.querySelector(".htmx-request"));

async function look() {
  const found = pulse();
  if (!found || document.querySelector("dialog[open]") || isSending(found)) return plan();
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  const { url } = found.dataset;
  const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
  if (found.dataset.etag) headers["If-None-Match"] = found.dataset.etag;
  try {
    const answer = await fetch(url, { headers, signal: mine.signal });
    document.dispatchEvent(new CustomEvent("server-said", { detail: answer.headers.get("Date") }));
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) return location.assign(elsewhere);
    const html = answer.status === 200 ? await answer.text() : "";
    // whoever has opened a dialog, or gone on to another search or page meanwhile, goes on with it
    const isInTheWay = document.querySelector("dialog[open]") || pulse()?.dataset.url !== url;
    if (html && asking === mine && !isInTheWay) swap(found.dataset.target, html);
  } catch {
    // the network is away, or a newer look has taken over
  }
  if (asking === mine) plan();
}

const isTyping = () => document.activeElement?.matches("input, textarea, select") ?? false;
const isFilledIn = (form) => form.contains(document.activeElement) || [...form.querySelectorAll("input:not([type=hidden]), textarea")].some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked);

function swap(selector, html) {
  const defaults = window.Idiomorph?.defaults;
  const before = defaults?.callbacks;
  if (defaults) {
    defaults.ignoreActiveValue = isTyping();
    // what somebody is filling in stays as it is
    const isKept = (old) => old.matches?.("[data-keep]") && isFilledIn(old);
    // what was just told stays until somebody does the next thing
    const beforeNodeRemoved = (old) => !old.matches?.("[data-told]") && before.beforeNodeRemoved?.(old) !== false;
    defaults.callbacks = { ...before, beforeNodeMorphed: (old, fresh) => !(isKept(old) && old.id === fresh.id), beforeNodeRemoved };
  }
  const target = document.querySelector(selector);
  window.htmx.swap(target, html, { swapStyle: "morph:outerHTML", swapDelay: 0, settleDelay: 20 }, { contextElement: target });
  if (defaults) defaults.callbacks = before;
}

// what was unfolded to be read stays so, whoever swaps it
if (window.Idiomorph) {
  window.Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => !(name === "open" && element.matches("details[data-stays]"));
}

document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
document.addEventListener("logged", look);
document.addEventListener("countdown:end", look);
document.addEventListener("htmx:oobAfterSwap", (event) => event.detail.target.id === "cart-sign" && look());
document.addEventListener("htmx:beforeRequest", () => asking?.abort());
document.addEventListener("htmx:afterSettle", plan);
plan();
