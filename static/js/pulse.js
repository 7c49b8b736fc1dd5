// A page that looks again by itself: <div hidden data-pulse="1000" data-url="…" data-target="#part">.
// It asks the address every so many milliseconds, at once after `logged` and when the tab comes back to the front, and
// never while the tab is hidden or a dialog is open. 204 says that nothing changed. Failures stay quiet: the next look
// may do better, and whatever people do themselves still tells them.
let timer;
let asking;

const pulse = () => document.querySelector("[data-pulse]");

function plan() {
  clearTimeout(timer);
  const every = Number(pulse()?.dataset.pulse);
  if (every && !document.hidden) timer = setTimeout(look, every);
}

async function look() {
  const found = pulse();
  if (!found || document.querySelector("dialog[open]")) return plan();
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  try {
    const answer = await fetch(found.dataset.url, { headers: { "HX-Request": "true" }, signal: mine.signal });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) return location.assign(elsewhere);
    if (answer.status === 200) swap(found.dataset.target, await answer.text());
  } catch {
    // the network is away, or a newer look has taken over
  }
  if (asking === mine) plan();
}

function swap(selector, html) {
  if (window.Idiomorph) window.Idiomorph.defaults.ignoreActiveValue = true; // somebody may be typing in it
  const target = document.querySelector(selector);
  window.htmx.swap(target, html, { swapStyle: "morph:outerHTML", swapDelay: 0, settleDelay: 20 }, { contextElement: target });
}

document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
document.addEventListener("logged", look);
document.addEventListener("htmx:afterSettle", plan);
plan();
