// A page of widgets: the controls' state in the address, and in every widget's request.
import { Controls } from "./controls.js";
import { Widget } from "./widget.js";

const { name, days, upon, config, widgets } = JSON.parse(document.getElementById("board").textContent);
const form = document.querySelector("form.controls");
const controls = new Controls(form, { days, upon }, () => {
  const query = controls.query(true);
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  refresh();
});
const board = { name, config, selection: () => controls.query() };
const tiles = widgets.map((one) => new Widget(document.querySelector(`[data-widget="${one.id}"]`), one, board));

function refresh() {
  for (const link of document.querySelectorAll("[data-whole]")) link.href = `${document.body.dataset.root}api/dashboards/${name}/${link.dataset.whole}?${controls.query()}`;
  return Promise.all(tiles.map((tile) => tile.load()));
}

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
