// The form of a promotion: usual lengths of its window, rows of reward items that come and go, and what checks may do.

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

// days and times of the installation's clock, reckoned as if they were in UTC: no summer time moves them
const read = (day, time) => new Date(`${day}T${time || "00:00"}Z`);
const dayOf = (moment) => moment.toISOString().slice(0, 10);
const timeOf = (moment) => moment.toISOString().slice(11, 16);

function aMonthAfter(moment) {
  const after = new Date(moment);
  after.setUTCMonth(after.getUTCMonth() + 1);
  if (after.getUTCDate() !== moment.getUTCDate()) after.setUTCDate(0); // January 31 ends with February
  return after;
}

const ENDS = {
  day: (start) => new Date(start.getTime() + DAY),
  week: (start) => new Date(start.getTime() + 7 * DAY),
  month: aMonthAfter,
};

// the weekend that it is, else the next one: from Saturday's first minute through Sunday's last
function weekendFrom(start) {
  const weekday = start.getUTCDay();
  if (weekday === 0) return { start, end: new Date(read(dayOf(start)).getTime() + DAY) };
  if (weekday === 6) return { start, end: new Date(read(dayOf(start)).getTime() + 2 * DAY) };
  const saturday = new Date(read(dayOf(start)).getTime() + (6 - weekday) * DAY);
  return { start: saturday, end: new Date(saturday.getTime() + 2 * DAY) };
}

function put(field, value) {
  if (field.value === value) return;
  field.value = value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function choose(button) {
  const fields = button.form.elements;
  const typed = fields.starts_on.value;
  const from = typed ? read(typed, fields.starts_time.value) : read(...button.closest("[data-now]").dataset.now.split("T"));
  const { length } = button.dataset;
  const { start, end } = length === "weekend" ? weekendFrom(from) : { start: from, end: ENDS[length](from) };
  put(fields.starts_on, dayOf(start));
  put(fields.starts_time, timeOf(start) === "00:00" ? "" : timeOf(start));
  // an end at midnight is told by the day that it still holds
  const isMidnight = timeOf(end) === "00:00";
  put(fields.ends_time, isMidnight ? "" : timeOf(end));
  put(fields.ends_on, dayOf(isMidnight ? new Date(end.getTime() - MINUTE) : end));
}

// the answer to a check that is under way knows nothing of this row: it must not arrive any more
const stopChecking = (rows) => window.htmx?.trigger(rows, "htmx:abort");

function addRow(rows) {
  stopChecking(rows);
  const row = rows.querySelector("template").content.cloneNode(true);
  rows.querySelector("[data-rows-here]").append(row);
  const added = rows.querySelector("[data-row]:last-child");
  window.htmx?.process(added);
  added.querySelector("select").focus();
}

function removeRow(row) {
  const rows = row.closest("[data-rows]");
  const next = row.nextElementSibling ?? row.previousElementSibling;
  stopChecking(rows);
  row.remove();
  (next?.querySelector("[data-remove-row]") ?? rows.querySelector("[data-add-row]")).focus();
  if (!next) addRow(rows);
  // what was wrong may be so no longer
  rows.querySelector("select").dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-length], [data-add-row], [data-remove-row]");
  if (!button) return;
  if (button.dataset.length) choose(button);
  else if ("addRow" in button.dataset) addRow(button.closest("[data-rows]"));
  else removeRow(button.closest("[data-row]"));
});

// what was wrong as a percentage may be right as money, and the other way round
const VALUE_OF = { discount_type: "discount_value", bonus_type: "bonus_value", type: "bonus_value" };
document.addEventListener("change", (event) => {
  const value = event.target.form?.elements[VALUE_OF[event.target.name]];
  if (value?.hasAttribute("aria-invalid")) value.dispatchEvent(new Event("change", { bubbles: true }));
});

// what is typed into a search within the form is looked for at once: the key doesn't send the whole
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.("[data-find]")) event.preventDefault();
});

// The answer to a check brings what is wrong, and never a value. `data-check` names the fields that a verdict rests on:
// where one of them has changed since it was asked for, it is about something else, and the next one is under way.
const VALUES = new Set(["value", "checked", "selected"]);
let asked;

function isStale(field) {
  const now = new FormData(field.form);
  return field.dataset.check.split(" ").some((name) => String(asked.getAll(name)) !== String(now.getAll(name)));
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, formData } = event.detail.requestConfig;
  asked = elt.matches("[data-check]") ? formData : undefined;
  window.Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name) => !(asked && VALUES.has(name));
  if (asked && isStale(elt)) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const beside = asked && event.detail.target.querySelector("[data-check]");
  if (beside && isStale(beside)) event.detail.shouldSwap = false;
});
