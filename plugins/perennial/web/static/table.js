// A sortable table of a widget's rows; long results are paged.
import { el } from "./dom.js";
import { said } from "./format.js";

const PAGE = 100;

export function table(data, { all = false } = {}) {
  const columns = data.columns.map((column, index) => ({ ...column, index })).filter((c) => all || !c.hidden);
  let order = { index: null, descending: false };
  let shown = PAGE;
  const body = el("tbody");
  const more = el("button", { type: "button", class: "button quiet", on: { click: () => draw((shown += PAGE)) } });
  const heads = columns.map((column) => {
    const button = el("button", { type: "button", on: { click: () => sort(column) } }, column.title);
    return el("th", { scope: "col", class: column.numeric ? "numeric" : null, "aria-sort": "none" }, button);
  });

  function sort(column) {
    const again = order.index === column.index;
    order = { index: column.index, descending: again ? !order.descending : column.numeric };
    heads.forEach((head, position) => {
      const direction = order.descending ? "descending" : "ascending";
      head.setAttribute("aria-sort", columns[position].index === order.index ? direction : "none");
    });
    draw();
  }

  function sorted() {
    if (order.index === null) return data.rows;
    const sign = order.descending ? -1 : 1;
    return [...data.rows].sort((left, right) => {
      const [a, b] = [left[order.index], right[order.index]];
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * (typeof a === "number" ? a - b : String(a).localeCompare(String(b)));
    });
  }

  function draw() {
    const rows = sorted().slice(0, shown);
    body.replaceChildren(...rows.map((row) => el("tr", {}, ...columns.map((column) => cell(row, column)))));
    more.hidden = shown >= data.rows.length;
    more.textContent = `Show more (${(data.rows.length - shown).toLocaleString("en")} left)`;
  }

  draw();
  const whole = el("table", {}, el("thead", {}, el("tr", {}, ...heads)), body);
  const note = data.truncated ? el("p", { class: "note" }, `The first ${data.rows.length.toLocaleString("en")} rows; the CSV has all.`) : null;
  return el("div", { class: "table", tabindex: "0" }, whole, more, note);
}

function cell(row, column) {
  const text = said(row[column.index], column);
  return el("td", { class: column.numeric ? "numeric" : null }, text);
}
