// SQL mode: the statement, the parameters it can use, and which column of the result has which role.
import { field, FORMATS, choice } from "./composer_popover.js";
import { shelvesOf } from "./composer_marks.js";
import { el } from "./dom.js";

export class SqlMode {
  // `set(said)` changes the widget; `names` are the parameters besides the day's.
  constructor(node, { set, names }) {
    Object.assign(this, { node, set, columns: [] });
    this.area = el("textarea", { class: "sql-text", "aria-label": "SQL", "aria-describedby": "sql-names sql-fault", spellcheck: "false", autocapitalize: "off", wrap: "off", rows: "14" });
    this.area.addEventListener("input", () => set({ sql: this.area.value }));
    this.area.addEventListener("keydown", (event) => event.stopPropagation());
    this.fault = el("p", { class: "fault bad", id: "sql-fault", role: "status" });
    const known = ["day", "from_day", ...names];
    const put = (name) => {
      this.area.setRangeText(`$${name}`, this.area.selectionStart, this.area.selectionEnd, "end");
      this.area.focus();
      set({ sql: this.area.value });
    };
    const offers = known.map((name) => el("button", { type: "button", class: "name", title: "Put it where the caret is", on: { click: () => put(name) } }, `$${name}`));
    const hint = el("p", { class: "note names", id: "sql-names" }, "Parameters: ", ...offers, " A SELECT over the store's schema insights.");
    this.roles = el("div", { class: "sql-roles" });
    node.replaceChildren(this.area, this.fault, hint, this.roles);
  }

  show(draft, faults) {
    if (this.area.value !== draft.sql) this.area.value = draft.sql;
    this.fault.textContent = faults.filter((one) => ["sql", ""].includes(one.path) || one.path.startsWith("widgets")).map((one) => one.message).join("; ");
    const focus = document.activeElement?.dataset?.focus;
    const shelves = shelvesOf(draft.mark).filter(({ role }) => role !== "columns");
    this.roles.replaceChildren(...shelves.map((shelf) => this.role(draft, shelf)));
    if (focus?.startsWith("sql:")) this.roles.querySelector(`[data-focus="${focus}"]`)?.focus();
  }

  // The columns that the last result had.
  knows(columns) {
    this.columns = columns.map((column) => column.name);
  }

  role(draft, { role, title, needed }) {
    const now = draft[role]?.column ?? "";
    const names = [...new Set([...this.columns, now].filter(Boolean))];
    const options = [["", needed ? "Choose a column" : "None"], ...names.map((name) => [name, name])];
    const column = choice(options, now, (value) => this.set({ [role]: value ? { ...draft[role], column: value } : undefined }));
    column.dataset.focus = `sql:${role}`;
    const format = choice(Object.entries(FORMATS), draft[role]?.format ?? "", (value) => this.set({ [role]: { ...draft[role], format: value || undefined } }));
    format.disabled = !now;
    return el("div", { class: "pair" }, field(title, column), field("Numbers as", format));
  }
}
