// Everything about a widget that is no column: its mark, order, titles, legend and size.
import { namesOf, reading, said } from "./composer_draft.js";
import { icon } from "./composer_icons.js";
import { linesOf, RULED } from "./composer_lines.js";
import { MARKS, shelvesOf, STACKED } from "./composer_marks.js";
import { choice, field } from "./composer_popover.js";
import { el } from "./dom.js";

const LEGENDS = [["", "Where it fits"], ["top", "Above"], ["right", "Right"], ["bottom", "Below"], ["left", "Left"], ["none", "None"]];
const STACKS = [["stack", "Stacked"], ["normalize", "Stacked to 100%"], ["group", "Side by side"], ["none", "Over each other"]];
const HEIGHTS = [["small", "Small"], ["medium", "Medium"], ["large", "Large"], ["auto", "As its rows need"]];

export class Properties {
  // `become(mark)` changes the mark; `set(said)` the widget; `ask(said)` its query.
  constructor(node, model, { become, set, ask, boards }) {
    Object.assign(this, { node, model, become, set, ask, boards });
  }

  show(draft) {
    const focus = document.activeElement?.closest?.("[data-focus]")?.dataset.focus;
    this.node.replaceChildren(this.marks(draft), ...[this.order(draft), this.look(draft), this.texts(draft), this.size(draft), this.onBoard(draft)].filter(Boolean));
    const again = focus && this.node.querySelector(`[data-focus="${CSS.escape(focus)}"]`);
    if (again) again.focus();
  }

  marks(draft) {
    const buttons = MARKS.map(({ mark, title }) => el("button", { type: "button", role: "radio", "aria-checked": String(mark === draft.mark), tabindex: mark === draft.mark ? "0" : "-1", "data-focus": `mark:${mark}`, "data-mark": mark, on: { click: () => this.become(mark) } }, icon(mark === "number" ? "number_mark" : mark), el("span", {}, title)));
    const step = (event) => {
      const go = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!go) return;
      event.preventDefault();
      const next = buttons.at((buttons.indexOf(event.target) + go) % buttons.length);
      next.focus();
      next.click();
    };
    return el("section", {}, el("h3", { id: "marks-title" }, "Mark"), el("div", { class: "marks", role: "radiogroup", "aria-labelledby": "marks-title", on: { keydown: step } }, ...buttons));
  }

  order(draft) {
    if (draft.sql !== undefined) return null;
    const roles = shelvesOf(draft.mark).filter(({ role }) => role !== "columns" && draft.query[role]);
    const names = namesOf(draft.query);
    const columns = names.map((name, index) => ({ role: name, title: reading(draft, "columns", index).title ?? said(this.model, draft.query.table, draft.query.columns[index]) }));
    const listed = draft.mark === "table" ? columns.filter(({ role }, index) => names.indexOf(role) === index) : roles;
    const sorts = listed.flatMap(({ role, title }) => [[role, `${title}, ascending`], [`-${role}`, `${title}, descending`]]);
    const top = el("input", { type: "number", min: "1", max: "5000", placeholder: "All", value: draft.query.top ?? "", "data-focus": "top", on: { change: () => this.ask({ top: Number(top.value) >= 1 ? Math.round(Number(top.value)) : undefined }) } });
    const sort = sorts.length ? field("Sorted by", this.select([["", "What suits"], ...sorts], draft.query.sort ?? "", "sort", (value) => this.ask({ sort: value || undefined }))) : null;
    return section("Order", el("div", { class: "pair" }, sort, field("Top", top)));
  }

  look(draft) {
    const parts = [];
    const colour = draft.sql === undefined ? draft.query.color : draft.color;
    if (STACKED.includes(draft.mark) && colour) parts.push(field("Colours are", this.select(STACKS, draft.stack ?? "stack", "stack", (stack) => this.set({ stack }))));
    const legend = colour || draft.query?.size;
    if (legend && draft.mark !== "table" && draft.mark !== "number") parts.push(field("Legend", this.select(LEGENDS, draft.legend ?? "", "legend", (value) => this.set({ legend: value || undefined }))));
    if (!["donut", "number", "table", "funnel"].includes(draft.mark)) parts.push(...["x", "y"].flatMap((role) => this.axis(draft, role)));
    if (RULED.includes(draft.mark)) parts.push(...linesOf(draft.lines ?? [], (lines) => this.set({ lines: lines.length ? lines : undefined })));
    return parts.length ? section("Look", ...parts) : null;
  }

  axis(draft, role) {
    const there = draft.sql === undefined ? draft.query[role] : draft[role];
    if (!there) return [];
    const hidden = draft[role]?.title === "";
    const box = el("input", { type: "checkbox", checked: !hidden, "data-focus": `axis:${role}`, on: { change: () => this.set({ [role]: { ...draft[role], title: box.checked ? undefined : "" } }) } });
    return [el("label", { class: "check" }, box, `Title at ${role.toUpperCase()}`)];
  }

  texts(draft) {
    const parts = [this.text(draft, "title", "Title", "By what it shows"), this.text(draft, "subtitle", "Subtitle", "None")];
    if (draft.mark === "number") parts.push(this.text(draft, "unit", "Unit", "households, e-mails"));
    parts.push(this.text(draft, "empty", "Said without rows", "No rows for this day and these filters."));
    return section("Texts", ...parts);
  }

  text(draft, key, title, placeholder) {
    const input = el("input", { value: draft[key] ?? "", placeholder, maxlength: "200", "data-focus": key, on: { change: () => this.set({ [key]: input.value.trim() || undefined }) } });
    return field(title, input);
  }

  size(draft) {
    const widths = Array.from({ length: 12 }, (_, index) => [String(index + 1), `${index + 1} of 12`]);
    const width = this.select(widths, draft.width ?? 6, "width", (value) => this.set({ width: Number(value) }));
    return section("Size", el("div", { class: "pair" }, field("Width", width), field("Height", this.select(HEIGHTS, draft.height ?? "medium", "height", (height) => this.set({ height })))));
  }

  // What a click on it does there, and where it leads.
  onBoard(draft) {
    if (!this.boards.length) return null;
    const boards = [["", "Nowhere"], ...this.boards.map(({ name, title }) => [name, title])];
    const lead = (dashboard) => this.set({ drill: !dashboard ? undefined : dashboard === draft.drill?.dashboard ? draft.drill : { dashboard } });
    const parts = [field("Leads to", this.select(boards, draft.drill?.dashboard ?? "", "drill", lead))];
    const box = el("input", { type: "checkbox", checked: draft.picks !== false, "data-focus": "picks", on: { change: () => this.set({ picks: box.checked ? undefined : false }) } });
    if (!["number", "histogram"].includes(draft.mark)) parts.push(el("label", { class: "check" }, box, "A click filters the others"));
    return section("On its dashboard", ...parts);
  }

  select(options, value, focus, changed) {
    const found = choice(options, value, changed);
    found.dataset.focus = focus;
    return found;
  }
}

const section = (title, ...parts) => el("section", { "aria-label": title }, el("h3", {}, title), ...parts);
