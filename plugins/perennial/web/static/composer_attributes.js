// The tables, and the columns of the chosen one with all that can be joined to it: searched, dragged, or put by a key.
import { icon } from "./composer_icons.js";
import { COUNT } from "./composer_draft.js";
import { KINDS } from "./composer_model.js";
import { el } from "./dom.js";

const KEYS = { x: "x", y: "y", c: "color", l: "label", s: "size", f: "filters" };
const TYPES = { number: "number", text: "text", day: "day", truth: "yes or no", count: "" };

export class Attributes {
  // `choose(table)` begins anew; `put(role, id)` puts a column, where it suits if `role` is null.
  constructor(node, model, { choose, put, carry }) {
    Object.assign(this, { node, model, put, carry, table: null });
    const groups = Object.entries(KINDS).map(([kind, title]) => el("optgroup", { label: title }, ...model.tables.filter((one) => one.kind === kind).map((one) => el("option", { value: one.name }, one.title))));
    this.picker = el("select", { "aria-label": "Table", on: { change: () => choose(this.picker.value) } }, ...groups);
    this.about = el("p", { class: "note" });
    this.search = el("input", { type: "search", placeholder: "Find a column", "aria-label": "Find a column", autocomplete: "off", on: { input: () => this.draw() } });
    this.list = el("div", { class: "attributes" });
    const hint = el("p", { class: "note keys" }, "Drag a column to a shelf, or press ", ...Object.keys(KEYS).flatMap((key) => [el("kbd", {}, key.toUpperCase()), " "]), "on it. Enter puts it where it suits.");
    node.replaceChildren(el("label", { class: "field" }, el("span", {}, "Table"), this.picker), this.about, this.search, this.list, hint);
    node.addEventListener("keydown", (event) => this.key(event));
  }

  show(table) {
    this.table = this.picker.value = table;
    const { grain, kind } = this.model.table(table);
    this.about.textContent = grain ? `One row for each ${grain}` : KINDS[kind];
    this.search.value = "";
    this.draw();
  }

  draw() {
    const asked = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = (column, scope) => asked.every((word) => `${column.name} ${column.title} ${scope.title}`.toLowerCase().includes(word));
    const sections = this.model.scopes(this.table).flatMap((scope, index) => {
      const own = index === 0 && !asked.length ? [{ id: COUNT, title: "Count of rows", kind: "count", name: "", type: "", comment: "How many rows there are" }] : [];
      const found = [...own, ...scope.columns.filter((column) => hits(column, scope))];
      return found.length ? [this.section(scope, found, index === 0 || asked.length > 0)] : [];
    });
    this.list.replaceChildren(...(sections.length ? sections : [el("p", { class: "note" }, "No column of this name.")]));
    this.rove(this.buttons[0]);
  }

  section(scope, columns, open) {
    const many = scope.many ? el("span", { class: "many", title: "One row meets several of these: it counts once in each group of them." }, "several") : null;
    const head = el("summary", { title: scope.table.grain || scope.title }, el("span", {}, scope.title), many);
    return el("details", { open }, head, el("ul", {}, ...columns.map((column) => el("li", {}, this.button(column)))));
  }

  button(column) {
    const about = [column.name, column.type || TYPES[column.kind], column.comment].filter(Boolean).join(" · ");
    const on = { click: () => this.put(null, column.id), dragstart: (event) => this.carry(event, { id: column.id }) };
    return el("button", { type: "button", class: "attribute", draggable: "true", tabindex: "-1", title: about, "data-id": column.id, "data-kind": column.key ? "key" : column.kind, on }, icon(column.kind), el("span", { class: "text" }, column.title), column.key ? icon("key") : null);
  }

  get buttons() {
    return [...this.list.querySelectorAll("details[open] .attribute")];
  }

  rove(button) {
    for (const one of this.list.querySelectorAll(".attribute")) one.tabIndex = one === button ? 0 : -1;
  }

  key(event) {
    const all = this.buttons;
    const at = all.indexOf(event.target);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const go = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (event.target === this.search && event.key === "Enter" && all[0]) return all[0].click();
    if (at >= 0 && KEYS[event.key.toLowerCase()]) {
      event.preventDefault();
      return this.put(KEYS[event.key.toLowerCase()], event.target.dataset.id);
    }
    if (go === undefined || (at < 0 && event.target !== this.search)) return;
    event.preventDefault();
    if (go < 0) return this.search.focus();
    const next = all[Math.min(go, all.length - 1)];
    this.rove(next);
    next?.focus();
  }
}
