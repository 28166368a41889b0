// A page of widgets: the controls' state in the address, and in every widget's request.
import { Drill } from "./board_drill.js";
import { Picks } from "./board_picks.js";
import { sharing } from "./board_shared.js";
import { Controls } from "./controls.js";
import "./menus.js";
import { Widget } from "./widget.js";

const { name, days, upon, config, widgets, filters } = JSON.parse(document.getElementById("board").textContent);
const controls = new Controls(document.querySelector("form.controls"), { days, upon }, changed);
const picks = new Picks(document.getElementById("picks"), document.getElementById("announced"), filters, changed);
const drill = new Drill(controls, picks, filters);
const board = { name, config, picks, zoom: controls.range, shared: sharing(widgets, filters), selection: (without) => picks.into(controls.query(), without), leads: (...asked) => drill.address(...asked) };
const tiles = widgets.filter(({ mark }) => mark !== "text").map((one) => new Widget(document.querySelector(`[data-widget="${one.id}"]`), one, board));

function changed() {
  const query = picks.into(controls.query(true));
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  refresh();
}

function refresh() {
  for (const link of document.querySelectorAll("[data-whole]")) link.href = `${document.body.dataset.root}api/dashboards/${name}/${link.dataset.whole}?${board.selection()}`;
  return Promise.all(tiles.map((tile) => tile.refresh()));
}

const start = performance.now();
refresh().then(() => {
  document.documentElement.dataset.drawn = Math.round(performance.now() - start);
});
