// What was picked in charts and tables: it filters the other widgets, stands above them, and is in the address.
import { icon } from "./audience_icons.js";
import { el } from "./dom.js";

const words = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

export class Picks {
  // `node` shows them; `said` is read out; what came from elsewhere may have been taken by `filters`; `changed()` is told.
  constructor(node, said, filters, changed) {
    Object.assign(this, { node, said, changed, chosen: new Map() });
    const taken = filters.map((one) => one.column?.split(".").at(-1));
    const query = new URLSearchParams(location.search);
    for (const [key, value] of query) {
      const column = /^pick\.(\w+)$/.exec(key)?.[1];
      if (!column || !value || (taken.includes(column) && !query.has(`from.${column}`))) continue;
      const known = this.chosen.get(column) ?? { title: words(column), source: query.get(`from.${column}`) ?? "", values: new Map() };
      known.values.set(value, value);
      this.chosen.set(column, known);
    }
    document.addEventListener("keydown", (event) => this.key(event));
    this.show();
  }

  // Of a widget: `parts` are {column, title, value, said}. What is picked already is taken back; `more` keeps the others.
  toggle(source, parts, more = false) {
    const there = parts.every(({ column, value }) => this.has(column, value));
    for (const { column, title, value, said } of parts) {
      const before = this.chosen.get(column);
      const values = new Map(more && before ? before.values : []);
      if (there) values.delete(value);
      else values.set(value, said);
      if (values.size) this.chosen.set(column, { title, source, values });
      else this.chosen.delete(column);
    }
    const names = parts.map(({ title, said }) => `${title} ${said}`).join(", ");
    this.tell(there ? `${names} is no filter any more` : `The other widgets show ${names}`);
  }

  has = (column, value) => this.chosen.get(column)?.values.has(value) ?? false;

  // Picked in this widget, by column.
  of(source) {
    return new Map([...this.chosen].filter(([, one]) => one.source === source).map(([column, { values }]) => [column, [...values.keys()]]));
  }

  // Puts them into a query, without those of one widget.
  into(query, without = null) {
    for (const [column, { source, values }] of this.chosen) {
      if (without && source === without) continue;
      for (const value of values.keys()) query.append(`pick.${column}`, value);
      if (source) query.set(`from.${column}`, source);
    }
    return query;
  }

  clear() {
    this.chosen.clear();
    this.tell("Nothing is picked any more");
  }

  tell(words_) {
    this.said.textContent = words_;
    this.show();
    this.changed();
  }

  key(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !this.chosen.size || document.querySelector("dialog[open], details.menu[open]")) return;
    this.clear();
  }

  show() {
    const chips = [...this.chosen].map(([column, { title, values }]) => {
      const text = values.size > 3 ? `${values.size} chosen` : [...values.values()].join(", ");
      const drop = () => {
        this.chosen.delete(column);
        this.tell(`${title} is no filter any more`);
        (this.node.querySelector("button") ?? document.getElementById("main")).focus();
      };
      return el("button", { type: "button", class: "chip", "aria-label": `Remove ${title}: ${text}`, title: [...values.values()].join(", "), on: { click: drop } }, el("span", {}, `${title}: `, el("strong", {}, text)), icon("close"));
    });
    this.node.hidden = !chips.length;
    this.node.replaceChildren(...chips, el("p", { class: "note" }, "Picked in the widgets; Escape takes it back."));
  }
}
