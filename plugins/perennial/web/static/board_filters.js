// The dialog of a dashboard's filters: its document in; the same with other filters and period, or null, out.
import { icon } from "./audience_icons.js";
import { answered } from "./board_dialogs.js";
import { text } from "./board_http.js";
import { address } from "./board_names.js";
import { catalogue } from "./composer_http.js";
import { el } from "./dom.js";

const by = (id) => document.getElementById(id);
const TAKEN = ["day", "period", "from_day"];
const words = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
let known = null; // the tables, once a page

export async function filtered(document_) {
  const dialog = by("filtering");
  const form = dialog.querySelector("form");
  const list = dialog.querySelector("[data-list]");
  const said = dialog.querySelector("[role=alert]");
  known ??= catalogue().then(({ tables }) => tables);
  const tables = await known.catch(() => ((known = null), []));
  const rows = (document_.filters ?? []).map((one) => new Row(one, tables));
  const show = () => list.replaceChildren(...(rows.length ? rows.map((row) => row.node) : [el("p", { class: "note" }, "No filters yet.")]));
  const drop = (row) => {
    rows.splice(rows.indexOf(row), 1);
    show();
    (rows.at(-1)?.title ?? by("filter-add")).focus();
  };
  for (const row of rows) row.drop = drop;
  const period = form.elements.period;
  period.value = String(document_.period ?? 30);
  said.textContent = "";
  show();
  dialog.showModal();
  const read = async () => {
    const { filters: _, period: before, ...rest } = document_;
    const wanted = period.value === "" ? before : /^\d+$/.test(period.value) ? Number(period.value) : period.value;
    return (await text({ document: { ...rest, filters: all(rows), ...(wanted === undefined ? {} : { period: wanted }) } })).document;
  };
  const add = () => {
    const row = new Row({ title: "", multiple: true }, tables, true);
    row.drop = drop;
    rows.push(row);
    show();
    row.column.focus();
  };
  return answered(dialog, said, read, (signal) => by("filter-add").addEventListener("click", add, { signal }));
}

// A new filter is named by its title, as no other one is.
function all(rows) {
  const names = rows.map((row) => row.filter.name).filter(Boolean);
  return rows.map((row) => {
    const found = row.read();
    if (found.name) return found;
    const stem = address(found.title) || "filter";
    const name = [stem, ...Array.from({ length: 98 }, (_, n) => `${stem}_${n + 2}`)].find((one) => ![...names, ...TAKEN].includes(one));
    names.push(name);
    return { name, ...found };
  });
}

class Row {
  constructor(filter, tables) {
    this.filter = filter;
    const own = filter.sql !== undefined || (filter.choices ?? []).length > 0;
    const listed = tables.some(({ name, columns }) => columns.some((column) => `${name}.${column.name}` === filter.column));
    const first = own ? (filter.column && !listed ? `Its own list, for ${filter.column}` : "Its own list") : "Choose a column";
    const groups = tables.map((table) => el("optgroup", { label: table.title }, ...table.columns.map(({ name }) => el("option", { value: `${table.name}.${name}`, selected: filter.column === `${table.name}.${name}` }, words(name)))));
    this.column = el("select", { required: !own }, el("option", { value: listed ? "" : filter.column ?? "", selected: !listed }, first), ...groups);
    this.title = el("input", { value: filter.title, maxlength: "80", required: true });
    this.several = el("input", { type: "checkbox", checked: Boolean(filter.multiple) });
    this.column.addEventListener("change", () => (this.title.value ||= words(this.column.value.split(".").at(-1))));
    const field = (title, control) => el("label", { class: "field" }, el("span", {}, title), control);
    const remove = el("button", { type: "button", class: "icon", "aria-label": `Remove ${filter.title || "the filter"}`, on: { click: () => this.drop(this) } }, icon("close"));
    this.node = el("div", { class: "filter-row" }, field("Values of", this.column), field("Title", this.title), el("label", { class: "tick" }, this.several, "Several at once"), remove);
  }

  read() {
    const { column: _, multiple: __, title: ___, default: usual, ...rest } = this.filter;
    const several = this.several.checked;
    const kept = usual === undefined || Array.isArray(usual) !== several ? {} : { default: usual };
    return { ...rest, title: this.title.value.trim(), ...(this.column.value ? { column: this.column.value } : {}), ...(several ? { multiple: true } : {}), ...kept };
  }
}
