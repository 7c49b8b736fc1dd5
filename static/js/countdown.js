// Countdowns by the server's clock: the page says what time it was there, answers correct it.
const meta = document.querySelector('meta[name="server-time"]');
const [navigation] = performance.getEntriesByType("navigation");
const lang = document.documentElement.lang || "en";
const EVEN = 5; // a little after the second, never before it

// `performance.now()` runs on whatever the visitor does to their clock
let offset = meta ? Number(meta.content) - (navigation?.responseStart ?? performance.now()) : Date.now() - performance.now();
const serverNow = () => performance.now() + offset;

// The `Date` of an answer has whole seconds: only a clock that is really off is set right.
function setRight(date) {
  const said = Date.parse(date ?? "");
  if (said && Math.abs(said - serverNow()) > 2000) offset = said + 500 - performance.now();
}
document.addEventListener("htmx:afterRequest", (event) => setRight(event.detail.xhr?.getResponseHeader("Date")));
document.addEventListener("server-said", (event) => setRight(event.detail));

const unit = (name) => new Intl.NumberFormat(lang, { style: "unit", unit: name, unitDisplay: "narrow" });
const day = unit("day");
const hour = unit("hour");
const minute = unit("minute");
const second = unit("second");

// Days, hours and minutes, and seconds only in the last hour: the words that the server has begun with.
function words(left) {
  const seconds = Math.floor(left / 1000);
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days) return `${day.format(days)} ${hour.format(hours)} ${minute.format(minutes)}`;
  if (hours) return `${hour.format(hours)} ${minute.format(minutes)}`;
  return `${minute.format(minutes)} ${second.format(seconds % 60)}`;
}

// What a countdown stands in goes at its end; whoever was in there is at the page's start.
function end(time) {
  time.dataset.ended = "1";
  time.dispatchEvent(new CustomEvent("countdown:end", { bubbles: true }));
  const place = time.closest("[data-ends]");
  const wasThere = place?.contains(document.activeElement);
  place?.remove();
  if (wasThere) document.getElementById("main")?.focus({ preventScroll: true });
}

// So is who closed it by a button in there.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { elt } = detail.requestConfig;
  const isLost = !elt.isConnected && elt.closest("[data-ends]") && document.activeElement === document.body;
  if (isLost) document.getElementById("main")?.focus({ preventScroll: true });
});

// Says how long it still is everywhere, and returns the milliseconds to the next change: a full second, or an end before it.
function say() {
  const now = serverNow();
  let next = 1000 - (now % 1000);
  for (const time of document.querySelectorAll("time[data-until]")) {
    const left = Date.parse(time.dataset.until) - now;
    const text = left > 0 ? words(left) : time.dataset.over;
    if (time.textContent !== text) time.textContent = text;
    if (left > 0) next = Math.min(next, left);
    else if (!time.dataset.ended) end(time);
  }
  return next;
}

function tick() {
  setTimeout(tick, say() + EVEN);
}
tick();
document.addEventListener("htmx:afterSettle", say);
