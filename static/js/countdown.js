// Countdowns by the server's clock: the page says what time it was there, answers of HTMX correct it.
const meta = document.querySelector('meta[name="server-time"]');
const [navigation] = performance.getEntriesByType("navigation");
const lang = document.documentElement.lang || "en";

// `performance.now()` runs on whatever the visitor does to their clock
let offset = meta ? Number(meta.content) - (navigation?.responseStart ?? performance.now()) : Date.now() - performance.now();
const serverNow = () => performance.now() + offset;

document.addEventListener("htmx:afterRequest", (event) => {
  const said = Date.parse(event.detail.xhr?.getResponseHeader("Date") ?? "");
  // the header has whole seconds: only a clock that is really off is set right
  if (said && Math.abs(said - serverNow()) > 2000) offset = said + 500 - performance.now();
});

const unit = (name) => new Intl.NumberFormat(lang, { style: "unit", unit: name, unitDisplay: "narrow" });
const day = unit("day");
const hour = unit("hour");
const minute = unit("minute");
const second = unit("second");

// Days and hours, hours and minutes, and seconds only in the last hour.
function words(left) {
  const seconds = Math.floor(left / 1000);
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days) return `${day.format(days)} ${hour.format(hours)}`;
  if (hours) return `${hour.format(hours)} ${minute.format(minutes)}`;
  return `${minute.format(minutes)} ${second.format(seconds % 60)}`;
}

function tick() {
  const now = serverNow();
  for (const time of document.querySelectorAll("time[data-until]")) {
    const left = Date.parse(time.dataset.until) - now;
    const text = left > 0 ? words(left) : time.dataset.over;
    if (time.textContent !== text) time.textContent = text;
    if (left <= 0 && !time.dataset.ended) {
      time.dataset.ended = "1";
      time.dispatchEvent(new CustomEvent("countdown:end", { bubbles: true }));
    }
  }
  setTimeout(tick, 1000 - (serverNow() % 1000) + 5);
}
tick();
document.addEventListener("htmx:afterSettle", () => {
  for (const time of document.querySelectorAll("time[data-until]:not([data-ended])")) {
    const left = Date.parse(time.dataset.until) - serverNow();
    if (left > 0) time.textContent = words(left);
  }
});
