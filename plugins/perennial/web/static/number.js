// One big number: the last row's value, what it is compared with, and a line of how it came there.
import { drawChart } from "./chart.js";
import { el } from "./dom.js";
import { change, said } from "./format.js";

export async function number(host, widget, data, config, label) {
  const at = (name) => data.columns.findIndex((column) => column.name === name);
  const last = data.rows.at(-1);
  const column = data.columns[at(widget.y.column)];
  const value = last[at(widget.y.column)];
  const figure = el("p", { class: "figure" }, said(value, column), widget.unit ? el("span", {}, ` ${widget.unit}`) : null);
  const delta = widget.previous ? compared(value, last[at(widget.previous)], widget, column) : null;
  const spark = data.spec && data.rows.length > 2 ? el("div", { class: "spark" }) : null;
  host.replaceChildren(...[figure, delta, spark].filter(Boolean));
  if (spark) await drawChart(spark, data, config, label);
}

function compared(now, before, widget, column) {
  const moved = change(now, before);
  if (!moved) return el("p", { class: "delta" }, `nothing to compare with`);
  const wanted = { higher: 1, lower: -1, neutral: 0 }[widget.better] * Math.sign(moved.share);
  const mood = wanted > 0 ? "good" : wanted < 0 ? "bad" : "";
  const arrow = moved.share > 0 ? "▲ " : moved.share < 0 ? "▼ " : "";
  const strong = el("strong", { class: mood }, el("span", { "aria-hidden": "true" }, arrow), moved.text);
  return el("p", { class: "delta", title: `${said(before, column)} ${widget.previous_label}` }, strong, ` vs ${widget.previous_label}`);
}
