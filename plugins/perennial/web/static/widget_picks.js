// What a click on a widget does: it picks what the mark or the row stands for, or leads to another dashboard.
import { el } from "./dom.js";
import { said } from "./format.js";

const titleOf = ({ title, dashboard }) => title || dashboard.charAt(0).toUpperCase() + dashboard.slice(1).replaceAll("_", " ");
const keysOf = ({ data }) => (data?.keys ?? []).map((name) => data.columns.find((column) => column.name === name));

function picking(tile) {
  const { board: { picks }, widget } = tile;
  const columns = keysOf(tile).filter(({ name }) => tile.board.shared?.(name, widget.id));
  if (!picks || widget.picks === false || !columns.length) return null;
  const parts = (values) => columns.map((column, at) => ({ column: column.name, title: column.title, value: values[at], said: said(values[at], { ...column, numeric: false }) }));
  return {
    columns,
    chosen: picks.of(widget.id),
    has: (values) => columns.every(({ name }, at) => picks.of(widget.id).get(name)?.includes(values[at])),
    take: (values, more) => picks.toggle(widget.id, parts(values), more),
  };
}

// Of a chart: what picks nothing may lead on.
export function onMarks(tile) {
  const { board, widget: { drill }, data } = tile;
  const picks = picking(tile);
  if (picks || !drill || !board.leads || !data.keys.length) return picks;
  const row = (values) => new Map(data.keys.map((name, at) => [name, values[at]]));
  return { columns: keysOf(tile), chosen: new Map(), take: (values) => location.assign(board.leads(drill, data.keys, row(values))) };
}

// Of a table: each row has a button that picks it, and a link that leads on.
export function inTable(tile) {
  const { board, widget: { drill }, data } = tile;
  const row = (values) => new Map(data.columns.map(({ name }, at) => [name, values[at]]));
  const leads = drill && board.leads && data ? { title: titleOf(drill), to: (values) => board.leads(drill, data.keys, row(values)) } : null;
  return { picks: picking(tile), leads };
}

// Under the title: which filters do nothing here.
export function note(tile) {
  const titles = tile.node.querySelector(".titles");
  titles.querySelector(".unmet")?.remove();
  const { unmet = [] } = tile.data ?? {};
  if (unmet.length) titles.append(el("p", { class: "unmet" }, `Not filtered by ${unmet.join(", ").toLowerCase()}`));
  lead(tile);
}

// Beside the title: where it leads, with what is picked now.
export function lead(tile) {
  const { board, widget: { drill }, node } = tile;
  node.querySelector(".lead-on")?.remove();
  if (!drill || !board.leads) return;
  node.querySelector(".titles").after(el("a", { class: "lead-on", href: board.leads(drill) }, `${titleOf(drill)} ›`));
}
