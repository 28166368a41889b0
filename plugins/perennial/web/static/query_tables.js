// The schema browser: tables with their columns, found by any word; a click puts a name into the query.
import { el } from "./dom.js";
import { functions, schemas } from "./query_http.js";
import { quoted } from "./query_words.js";

export class Tables {
  constructor(panel, { insert, begin }) {
    Object.assign(this, { insert, begin, known: {}, functions: [], dialect: "lake" });
    this.list = panel.querySelector("[data-list]");
    this.find = panel.querySelector(".find");
    this.find.addEventListener("input", () => this.draw());
  }

  get names() {
    return { tables: this.known[this.dialect] ?? [], functions: this.dialect === "lake" ? this.functions : [] };
  }

  async show(dialect) {
    this.dialect = dialect;
    if (this.known[dialect]) return this.draw();
    this.list.setAttribute("aria-busy", "true");
    this.list.replaceChildren(el("p", { class: "note" }, "Looking what there is …"));
    try {
      const [{ tables }, ours] = await Promise.all([schemas(dialect), functions()]);
      this.functions = ours.functions;
      this.known[dialect] = tables.map((one) => ({ ...one, full: dialect === "lake" ? `${quoted(one.schema)}.${quoted(one.name)}` : quoted(one.name) }));
      if (this.dialect === dialect) this.draw();
    } catch (problem) {
      const again = el("button", { type: "button", class: "button quiet", on: { click: () => this.show(dialect) } }, "Try again");
      this.list.replaceChildren(el("p", { class: "note", role: "alert" }, problem.message), el("p", { class: "note" }, again));
    }
    this.list.setAttribute("aria-busy", "false");
  }

  draw() {
    const asked = this.find.value.trim().toLowerCase();
    const groups = new Map();
    for (const table of this.known[this.dialect] ?? []) {
      const columns = asked ? table.columns.filter((one) => one.name.toLowerCase().includes(asked)) : table.columns;
      const named = `${table.schema}.${table.name}`.toLowerCase().includes(asked);
      if (asked && !named && !columns.length) continue;
      const shown = { ...table, columns: named ? table.columns : columns };
      groups.set(table.schema, [...(groups.get(table.schema) ?? []), this.table(shown, asked, Boolean(asked) && !named)]);
    }
    const parts = [...groups].flatMap(([schema, tables]) => [el("p", { class: "group" }, schema), ...tables]);
    if (this.dialect === "lake") parts.push(...this.ourFunctions(asked));
    this.list.replaceChildren(...(parts.length ? parts : [el("p", { class: "note" }, asked ? "Nothing has this in its name." : "There are no tables yet: run the Dag signals_batch first.")]));
  }

  table(table, asked, open) {
    const more = el("button", { type: "button", class: "icon insert", "aria-label": `Select from ${table.full}`, title: "Select from it", on: { click: (event) => (event.preventDefault(), this.begin(table)) } }, play());
    const summary = el("summary", { title: table.comment || table.full }, el("span", { class: "name" }, ...marked(table.name, asked)), more);
    summary.addEventListener("dblclick", () => this.insert(table.full));
    const name = el("li", {}, el("button", { type: "button", class: "column", on: { click: () => this.insert(table.full) } }, el("span", { class: "name" }, table.full), el("span", { class: "type" }, "name")));
    const columns = table.columns.map((column) =>
      el("li", {}, el("button", { type: "button", class: "column", title: column.comment || `${column.name}: ${column.type}`, on: { click: () => this.insert(quoted(column.name)) } }, el("span", { class: "name" }, ...marked(column.name, asked)), el("span", { class: "type" }, column.type))),
    );
    return el("details", { class: "relation", open: open || null }, summary, el("ul", {}, name, ...columns));
  }

  ourFunctions(asked) {
    const found = this.functions.filter((one) => !asked || one.name.includes(asked));
    if (!found.length) return [];
    const items = found.map((one) =>
      el("li", {}, el("button", { type: "button", class: "column", title: `${one.name}(${one.arguments})\n${one.about}`, on: { click: () => this.insert(`${one.name}(${one.arguments})`) } }, el("span", { class: "name" }, ...marked(one.name, asked)), el("span", { class: "type" }, one.kind === "table" ? "FROM" : "value"))),
    );
    return [el("p", { class: "group" }, "Functions"), el("ul", {}, ...items)];
  }
}

function marked(text, asked) {
  const at = asked ? text.toLowerCase().indexOf(asked) : -1;
  return at < 0 ? [text] : [text.slice(0, at), el("mark", {}, text.slice(at, at + asked.length)), text.slice(at + asked.length)];
}

function play() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", "M5 3.5v9l7-4.5z");
  svg.append(path);
  return svg;
}
