// A page of widgets: the controls' state in the address, and in every widget's request.
import { Widget } from "./widget.js";

const { name, days, config, widgets } = JSON.parse(document.getElementById("board").textContent);
const form = document.querySelector("form.controls");
const day = form.elements.day;

const board = { name, config, selection: () => Object.fromEntries(new FormData(form)) };
const tiles = widgets.map((one) => new Widget(document.querySelector(`[data-widget="${one.id}"]`), one, board));

function refresh() {
  const steps = { "-1": days.some((known) => known < day.value), 1: days.some((known) => known > day.value) };
  for (const button of form.querySelectorAll("[data-step]")) button.disabled = !steps[button.dataset.step];
  const latest = form.querySelector("[data-latest]");
  latest.disabled = !days.length || day.value === days.at(-1);
  for (const link of document.querySelectorAll("[data-whole]")) link.href = `${document.body.dataset.root}api/dashboards/${name}/${link.dataset.whole}?${new URLSearchParams(board.selection())}`;
  return Promise.all(tiles.map((tile) => tile.load()));
}

function changed() {
  const query = new URLSearchParams();
  for (const field of form.elements) {
    const usual = field === day ? days.at(-1) : field.dataset.default;
    if (field.name && field.value !== usual) query.set(field.name, field.value);
  }
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  refresh();
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => {
  if (!day.value || !form.checkValidity()) return form.reportValidity();
  if (days.length && !days.includes(day.value)) day.value = days.findLast((known) => known <= day.value) ?? days[0];
  changed();
});
form.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]")?.dataset.step;
  if (step === "-1") day.value = days.findLast((known) => known < day.value) ?? day.value;
  if (step === "1") day.value = days.find((known) => known > day.value) ?? day.value;
  if (event.target.closest("[data-latest]")) day.value = days.at(-1) ?? day.value;
  if (step || event.target.closest("[data-latest]")) changed();
});

// A menu closes when the reader looks elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

const start = performance.now();
refresh().then(() => {
  document.documentElement.dataset.drawn = Math.round(performance.now() - start);
});
