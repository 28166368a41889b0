// Puts a widget together: `compose(widget, {board})` opens it in a dialog; its document, or null, comes back.
import { Attributes } from "./composer_attributes.js";
import { become, change, clean, fresh, ordered, put, read, remove, swap, taken, titleOf } from "./composer_draft.js";
import { catalogue, download } from "./composer_http.js";
import { frame } from "./composer_frame.js";
import { shelvesOf } from "./composer_marks.js";
import { Model } from "./composer_model.js";
import { Popover } from "./composer_popover.js";
import { Preview } from "./composer_preview.js";
import { RULED } from "./composer_lines.js";
import { Properties } from "./composer_properties.js";
import { carry, Shelves } from "./composer_shelves.js";
import { SqlMode } from "./composer_sql.js";

let known = null; // the catalogue, once a page

// `board` has `config` (Vega's, by theme), and perhaps `selection()`, `boards` ({name, title}) and `filters` ({name, title, multiple}); `done` is what
// the button says that ends it, null where nothing comes of it.
export async function compose(widget, { board, done = "Done" }) {
  known ??= catalogue().then(({ tables }) => new Model(tables));
  try {
    return await new Composer(await known, widget, board, done).opened;
  } catch (problem) {
    known = null;
    throw problem;
  }
}

class Composer {
  constructor(model, widget, board, done) {
    const filters = board.filters ?? [];
    const selection = () => ({ ...board.selection?.(), known: filters, filters: { ...Object.fromEntries(filters.map(({ name, multiple }) => [name, multiple ? [] : ""])), ...board.selection?.().filters } });
    Object.assign(this, { model, board, faults: [], past: [], future: [] });
    const parts = (this.parts = frame(done));
    this.attributes = new Attributes(parts.attributes, model, { choose: (table) => this.start(table), put: (role, id) => this.put(role, id), carry });
    this.shelves = new Shelves(parts.shelves, model, { put: (role, id) => this.put(role, id), move: (from, role) => this.move(from, role), remove: (role, index) => this.set(remove(this.draft, role, index)), edit: (role, index, node) => this.popover.open(this.draft, role, index, node), swap: () => this.set(swap(this.draft)) });
    this.popover = new Popover(parts.popover, model, { filters, change: (role, index, part) => this.set(change(this.draft, role, index, part)), read: (role, index, said) => this.set(read(this.draft, role, index, said)) });
    this.properties = new Properties(parts.properties, model, { boards: board.boards ?? [], become: (mark) => this.become(mark), set: (said) => this.set({ ...this.draft, ...said }), ask: (said) => this.set({ ...this.draft, query: { ...this.draft.query, ...said } }) });
    this.sql = new SqlMode(parts.sql, { set: (said) => this.set({ ...this.draft, ...said }), names: Object.keys(selection().filters) });
    this.preview = new Preview(parts.preview, model, { selection, config: board.config, status: parts.status, answered: (answer) => this.answered(answer) });
    this.opened = new Promise((resolve) => (this.resolve = resolve));
    this.draft = widget ? taken(widget) : fresh(model, model.tables[0].name);
    this.first = JSON.stringify(this.draft);
    this.wire(done);
    parts.dialog.showModal();
    this.attributes.show(this.draft.query?.table ?? model.tables[0].name);
    this.show();
  }

  wire(done) {
    const { dialog, tabs, mode } = this.parts;
    for (const button of tabs) button.addEventListener("click", () => this.look(button.dataset.view));
    mode.addEventListener("click", () => (this.draft.sql === undefined ? this.toSql() : this.toGuided()));
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.leave();
    });
    dialog.addEventListener("keydown", (event) => this.key(event));
    this.hold();
    this.parts.cancel.addEventListener("click", () => this.leave());
    this.parts.done.addEventListener("click", () => this.finish());
    this.parts.done.hidden = !done;
    if (!done) this.parts.cancel.textContent = "Close";
    this.parts.csv.addEventListener("click", () => download(this.preview.request(this.draft)).catch((problem) => this.preview.say(problem.message, "failed")));
  }

  set(draft, silent = false) {
    if (!silent) {
      this.past.push(this.draft);
      this.future = [];
    }
    this.draft = clean(ordered(draft));
    this.show();
  }

  start(table) {
    this.set(fresh(this.model, table, this.draft.mark));
    this.attributes.show(table);
  }

  put(role, id) {
    if (this.draft.sql !== undefined) return;
    this.set(put(this.model, this.draft, role && (role === "filters" || this.has(role)) ? role : this.suiting(id), id));
    this.parts.said.textContent = `Added ${this.model.column(this.draft.query.table, id)?.title ?? "count of rows"}`;
  }

  has(role) {
    return shelvesOf(this.draft.mark).some((shelf) => shelf.role === role);
  }

  // The first empty shelf that wants such a column, else a filter.
  suiting(id) {
    if (this.has("columns")) return "columns";
    const column = this.model.column(this.draft.query.table, id);
    const measured = id === "count()" || (column?.kind === "number" && !column.key);
    const open = shelvesOf(this.draft.mark).filter((shelf) => !this.draft.query[shelf.role]);
    const fits = open.find((shelf) => (shelf.wants !== "group") === measured) ?? open.find((shelf) => shelf.needed);
    return fits?.role ?? (id === "count()" ? "y" : "filters");
  }

  move({ from, index, part, id }, role) {
    if (from === role) return;
    const given = from === "filters" || role === "filters" ? null : part;
    this.set(put(this.model, remove(this.draft, from, index), role, id, given));
  }

  become(mark) {
    if (mark === this.draft.mark) return;
    const next = this.draft.sql === undefined ? become(this.model, this.draft, mark) : { ...this.draft, mark };
    this.set(RULED.includes(mark) ? next : { ...next, lines: undefined });
  }

  // The SQL that was shown goes on by itself, with the names that its columns have.
  toSql() {
    const { data } = this.preview;
    if (!data) return;
    const { query, columns: _, ...rest } = this.draft;
    const named = shelvesOf(this.draft.mark).filter(({ role }) => query[role]).map(({ role }) => [role, { ...this.draft[role], column: data.roles[role] }]);
    this.sql.knows(data.columns);
    this.set({ ...rest, ...Object.fromEntries(named), title: titleOf(this.model, this.draft), sql: data.sql });
  }

  toGuided() {
    this.set(fresh(this.model, this.attributes.table, this.draft.mark));
  }

  answered({ data, errors }) {
    this.faults = errors;
    if (data) this.sql.knows(data.columns);
    this.parts.done.disabled = !data;
    this.parts.csv.disabled = !data;
    this.parts.mode.disabled = this.draft.sql === undefined && !data;
    this.outline();
  }

  look(view) {
    for (const button of this.parts.tabs) button.setAttribute("aria-pressed", String(button.dataset.view === view));
    this.preview.show(view);
  }

  // A field that is left by a click changes the draft while the button is down: what is clicked must stay until it is up.
  hold() {
    const { dialog } = this.parts;
    dialog.addEventListener("pointerdown", () => (this.pressed = true), true);
    for (const type of ["pointerup", "pointercancel"]) {
      dialog.addEventListener(type, () => setTimeout(() => {
        this.pressed = false;
        if (this.late) this.show();
      }), true);
    }
  }

  show() {
    this.late = this.pressed;
    if (this.late) return;
    this.properties.show(this.draft);
    this.outline();
    this.preview.ask(this.draft);
  }

  outline() {
    if (this.pressed) return void (this.late = true);
    const guided = this.draft.sql === undefined;
    this.parts.dialog.classList.toggle("in-sql", !guided);
    this.parts.shelves.hidden = !guided;
    this.parts.sql.hidden = guided;
    this.parts.mode.textContent = guided ? "Switch to SQL" : "Begin guided again";
    if (guided) this.shelves.show(this.draft, this.faults);
    else this.sql.show(this.draft, this.faults);
  }

  key(event) {
    const command = (event.ctrlKey || event.metaKey) && !event.target.matches("input, textarea");
    if (!command || !["z", "y"].includes(event.key.toLowerCase())) return;
    event.preventDefault();
    const back = event.key.toLowerCase() === "z" && !event.shiftKey;
    const [from, to] = back ? [this.past, this.future] : [this.future, this.past];
    if (!from.length) return;
    to.push(this.draft);
    this.draft = from.pop();
    this.attributes.show(this.draft.query?.table ?? this.attributes.table);
    this.show();
  }

  leave() {
    if (!this.parts.done.hidden && JSON.stringify(this.draft) !== this.first && !this.parts.leaving.open) return this.parts.ask(() => this.close(null));
    this.close(null);
  }

  finish() {
    const { data } = this.preview;
    if (data) this.close({ ...data.document, id: this.draft.id, title: titleOf(this.model, this.draft) });
  }

  close(answer) {
    this.preview.close();
    this.parts.dialog.close();
    this.parts.dialog.remove();
    this.resolve(answer && clean(answer));
  }
}
