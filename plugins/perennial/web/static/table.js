// A sortable table of a widget's rows; long results are paged.
import { el } from "./dom.js";
import { said } from "./format.js";

const PAGE = 100;

// `picks`: {columns, has(values), take(values, more)}, where rows can be picked; `leads(row)` is where one leads to.
export function table(data, { all = false, picks = null, leads = null } = {}) {
  const keys = (picks?.columns.map(({ name }) => name) ?? data.keys ?? []).map((name) => data.columns.findIndex((column) => column.name === name));
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
    body.replaceChildren(...rows.map(line));
    mark();
    more.hidden = shown >= data.rows.length;
    more.textContent = `Show more (${(data.rows.length - shown).toLocaleString("en")} left)`;
  }

  const valuesOf = (row) => keys.map((key) => row[key]).filter((value) => value !== null && value !== "").map(String);

  function line(row) {
    const values = valuesOf(row);
    const takes = picks && keys.length > 0 && values.length === keys.length;
    const take = (event) => {
      picks.take(values, event.ctrlKey || event.metaKey || event.shiftKey);
      mark();
    };
    const cells = columns.map((column) => (takes && column.index === keys[0] ? cell(row, column, take) : cell(row, column)));
    if (leads) cells.push(el("td", { class: "leads" }, el("a", { href: leads.to(row), title: leads.title, "aria-label": `${leads.title}: ${values.join(", ")}` }, "›")));
    const node = el("tr", { on: takes ? { click: (event) => event.target.closest("a, button") || take(event) } : null, class: takes ? "takes" : null }, ...cells);
    node.values = takes ? values : null;
    return node;
  }

  function mark() {
    for (const node of body.children) {
      const on = Boolean(node.values && picks.has(node.values));
      node.classList.toggle("picked", on);
      node.querySelector("button.pick")?.setAttribute("aria-pressed", String(on));
    }
  }

  draw();
  const foot = leads ? [el("th", { scope: "col" }, el("span", { class: "offscreen" }, leads.title))] : [];
  const whole = el("table", {}, el("thead", {}, el("tr", {}, ...heads, ...foot)), body);
  const note = data.truncated ? el("p", { class: "note" }, `The first ${data.rows.length.toLocaleString("en")} rows; the CSV has all.`) : null;
  return Object.assign(el("div", { class: "table", tabindex: "0" }, whole, more, note), { mark });
}

function cell(row, column, take = null) {
  const text = said(row[column.index], column);
  const content = take ? el("button", { type: "button", class: "pick", "aria-pressed": "false", on: { click: take } }, text) : text;
  return el("td", { class: column.numeric ? "numeric" : null }, content);
}
