// The small window beside a pill: how a column is taken, what it is called, and how its numbers read.
import { AGGREGATES, reading, SPANS } from "./composer_draft.js";
import { filterEditor } from "./composer_filters.js";
import { el } from "./dom.js";

export const FORMATS = { "": "As it is", integer: "1,235", decimal: "1,234.57", compact: "1.23k", change: "+1,235", money: "$1,235", money_exact: "$1,234.57", money_compact: "$1.23k", percent: "12%", percent_exact: "12.3%", percent_change: "+12.3%" };
const NUMERIC = ["sum", "average"];

export class Popover {
  constructor(node, model, on) {
    Object.assign(this, { node, model, on });
    node.popover = "auto";
    node.addEventListener("toggle", (event) => event.newState === "closed" && this.from?.isConnected && this.from.focus());
  }

  open(draft, role, index, anchor) {
    const part = role === "filters" || role === "columns" ? draft.query[role][index] : draft.query[role];
    const title = part.column ? this.model.column(draft.query.table, part.column)?.title ?? part.column : "Count of rows";
    const body = role === "filters" ? filterEditor(this.model, draft.query.table, part, { set: (said) => this.on.change(role, index, said), filters: this.on.filters }) : this.measure(draft, role, index, part);
    this.node.replaceChildren(el("h3", {}, title), body);
    this.node.setAttribute("aria-label", title);
    this.node.showPopover();
    const box = anchor.getBoundingClientRect();
    const below = box.top < innerHeight / 2; // it grows as values come, away from the pill
    this.node.style.left = `${Math.max(8, Math.min(box.left, innerWidth - this.node.offsetWidth - 8))}px`;
    this.node.style.top = below ? `${box.bottom + 6}px` : "auto";
    this.node.style.bottom = below ? "auto" : `${innerHeight - box.top + 6}px`;
    this.from = anchor;
    this.node.querySelector("select, input")?.focus();
  }

  measure(draft, role, index, part) {
    const column = part.column ? this.model.column(draft.query.table, part.column) : null;
    const set = (said) => {
      const next = Object.fromEntries(Object.entries({ ...part, ...said }).filter(([, value]) => value !== "" && value !== undefined));
      part = next;
      this.on.change(role, index, next);
    };
    const how = reading(draft, role, index);
    const read = (said) => this.on.read(role, index, said);
    const fields = [];
    if (column) {
      const offered = Object.entries(AGGREGATES).filter(([name]) => column.kind === "number" || !NUMERIC.includes(name));
      fields.push(field("Taken as", choice([["", "A group, as it is"], ...offered], part.aggregate ?? "", (value) => set({ aggregate: value, bin: "" }))));
    }
    if (column?.kind === "day") fields.push(field("Days as", choice([["", "They are"], ...SPANS.map((span) => [span, `By ${span}`])], part.bin ?? "", (value) => set({ bin: value, aggregate: "" }))));
    if (column?.kind === "number" && !part.aggregate) fields.push(field("Steps of", el("input", { type: "number", min: "0", step: "any", placeholder: "none", value: part.bin ?? "", on: { change: (event) => set({ bin: Number(event.target.value) > 0 ? Number(event.target.value) : "", aggregate: "" }) } })));
    fields.push(field("Called", el("input", { value: how.title ?? "", placeholder: "By its name", on: { change: (event) => read({ title: event.target.value || undefined }) } })));
    if (part.aggregate || column?.kind === "number") fields.push(field("Numbers as", choice(Object.entries(FORMATS), how.format ?? "", (value) => read({ format: value || undefined }))));
    return el("div", { class: "editor-body" }, ...fields);
  }
}

export const field = (title, control) => el("label", { class: "field" }, el("span", {}, title), control);

export function choice(options, value, changed) {
  return el("select", { on: { change: (event) => changed(event.target.value) } }, ...options.map(([key, title]) => el("option", { value: key, selected: key === String(value) }, title)));
}
