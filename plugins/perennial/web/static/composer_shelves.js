// The shelves of a mark with what stands on them; columns are dropped here, or chosen from a list.
import { icon } from "./composer_icons.js";
import { COUNT, said } from "./composer_draft.js";
import { shelvesOf } from "./composer_marks.js";
import { el } from "./dom.js";
import { conditionSaid } from "./composer_filters.js";

let carried = null; // a browser tells what is dragged only at its end

export function carry(event, what) {
  carried = what;
  event.dataTransfer.effectAllowed = "copyMove";
  event.dataTransfer.setData("text/plain", what.id ?? "");
}

export class Shelves {
  // `on` has put(role, id), move(from, role), remove(role, index), edit(role, index, node), swap().
  constructor(node, model, on) {
    Object.assign(this, { node, model, on });
    document.addEventListener("dragend", () => (carried = null));
  }

  show(draft, faults) {
    const focus = document.activeElement?.closest?.("[data-focus]")?.dataset.focus;
    this.draft = draft;
    const shelves = shelvesOf(draft.mark).map((shelf) => this.shelf(shelf, faults));
    const filters = this.shelf({ role: "filters", title: "Filters", needed: false }, faults);
    const swap = draft.mark !== "table" && draft.mark !== "number" && draft.mark !== "donut" ? el("button", { type: "button", class: "button quiet swap", title: "Swap X and Y", "data-focus": "swap", on: { click: () => this.on.swap() } }, icon("swap"), "Swap X and Y") : null;
    this.node.replaceChildren(el("div", { class: "shelves" }, ...shelves, filters), ...(swap ? [swap] : []));
    if (focus && this.node.querySelector(`[data-focus="${CSS.escape(focus)}"]`)) this.node.querySelector(`[data-focus="${CSS.escape(focus)}"]`).focus();
  }

  shelf({ role, title, needed }, faults) {
    const many = role === "columns" || role === "filters";
    const parts = many ? (this.draft.query[role] ?? []) : [this.draft.query[role]].filter(Boolean);
    const pills = parts.map((part, index) => this.pill(role, index, part, faults));
    const add = many || !parts.length ? this.adder(role, title, needed && !parts.length) : null;
    const node = el("div", { class: "shelf", "data-role": role, role: "group", "aria-label": title }, el("span", { class: "shelf-name" }, title), el("div", { class: "pills" }, ...pills, add));
    const over = (is) => node.classList.toggle("over", is);
    node.addEventListener("dragover", (event) => carried && (event.preventDefault(), over(true)));
    node.addEventListener("dragleave", (event) => !node.contains(event.relatedTarget) && over(false));
    node.addEventListener("drop", (event) => {
      event.preventDefault();
      over(false);
      if (carried?.from) this.on.move(carried, role);
      else if (carried) this.on.put(role, carried.id);
      carried = null;
    });
    return node;
  }

  pill(role, index, part, faults) {
    const column = part.column && this.model.column(this.draft.query.table, part.column);
    const text = role === "filters" ? conditionSaid(this.model, this.draft.query.table, part) : said(this.model, this.draft.query.table, part);
    const place = role === "filters" || role === "columns" ? `query.${role}.${index}` : `query.${role}`;
    const fault = faults.find((one) => one.path === place || one.path.startsWith(`${place}.`));
    const kind = role === "filters" ? "filter" : part.aggregate ? "measure" : "group";
    const focus = `${role}:${index}`;
    const open = el("button", { type: "button", class: "pill-text", draggable: "true", title: fault?.message ?? part.column ?? "", "data-focus": focus, "aria-haspopup": "dialog", on: { click: (event) => this.on.edit(role, index, event.currentTarget), dragstart: (event) => carry(event, { id: part.column ?? COUNT, from: role, index, part }), keydown: (event) => event.key === "Delete" && this.on.remove(role, index) } }, icon(column?.kind ?? "count"), el("span", {}, text));
    const close = el("button", { type: "button", class: "pill-close", "aria-label": `Remove ${text}`, on: { click: () => this.on.remove(role, index) } }, icon("close"));
    const pill = el("span", { class: `pill ${kind}${fault ? " wrong" : ""}` }, open, close);
    return fault ? el("span", { class: "wronged" }, pill, el("span", { class: "fault bad" }, fault.message)) : pill;
  }

  adder(role, title, needed) {
    const option = (column) => el("option", { value: column.id }, column.title);
    const groups = this.model.scopes(this.draft.query.table).map((scope) => el("optgroup", { label: scope.title }, ...scope.columns.map(option)));
    const count = role === "filters" ? [] : [el("option", { value: COUNT }, "Count of rows")];
    const first = el("option", { value: "", selected: true }, role === "filters" ? "Add a filter" : role === "columns" && !needed ? "Add a column" : needed ? "Drop or choose a column" : "Optional");
    const select = el("select", { class: `adder${needed ? " needed" : ""}`, "aria-label": `Put a column on ${title}`, "data-focus": `${role}:add`, on: { change: () => select.value && this.on.put(role, select.value) } }, first, ...count, ...groups);
    return select;
  }
}
