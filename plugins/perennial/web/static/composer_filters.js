// One filter: by values, a range, the reader's day, or a filter of the dashboard.
import { values } from "./composer_http.js";
import { words } from "./composer_model.js";
import { el } from "./dom.js";

const DATES = { recent: "the latest day", period: "the chosen period" };
const shown = (value) => (value === null ? "(empty)" : String(value));

export function conditionSaid(model, table, one) {
  const name = model.column(table, one.column)?.title ?? words(one.column.split(".")[1]);
  if (one.date) return `${name}: ${DATES[one.date]}`;
  if (one.filter) return `${name}: filter “${one.filter}”`;
  if (one.between) {
    const [from, to] = one.between;
    if (from === null && to === null) return `${name}: any`;
    return from === null ? `${name} up to ${to}` : to === null ? `${name} from ${from}` : `${name}: ${from} to ${to}`;
  }
  const list = one.include ?? one.exclude ?? [];
  if (one.exclude && !list.length) return `${name}: all`;
  const some = list.slice(0, 2).map(shown).join(", ") + (list.length > 2 ? ` and ${list.length - 2} more` : "");
  return `${name}${one.exclude ? ": not " : ": "}${some || "none"}`;
}

// The editor of a filter; `set(condition)` is told of every change.
export function filterEditor(model, table, first, { set, filters }) {
  const column = model.column(table, first.column);
  let now = first;
  const change = (said) => set((now = { column: first.column, ...said }));
  const ways = [
    ...(column?.kind === "day" ? [["recent", "Latest day"], ["period", "Chosen period"]] : []),
    ["include", "Is one of"], ["exclude", "Is none of"],
    ...(column?.kind === "number" || column?.kind === "day" ? [["between", "From … to"]] : []),
    ...(filters.length ? [["filter", "Filter of the dashboard"]] : []),
  ];
  const way = el("select", { "aria-label": "How it filters" }, ...ways.map(([value, title]) => el("option", { value, selected: value === wayOf(first) }, title)));
  const body = el("div", { class: "filter-body" });
  const parts = { include: () => picker("include"), exclude: () => picker("exclude"), between: range, filter: ofBoard };
  const draw = () => body.replaceChildren(...(parts[way.value]?.() ?? []));
  way.addEventListener("change", () => {
    const list = now.include ?? now.exclude ?? [];
    const fresh = { recent: { date: "recent" }, period: { date: "period" }, include: { include: list }, exclude: { exclude: list }, between: { between: [null, null] }, filter: { filter: filters[0]?.name } };
    change(fresh[way.value]);
    draw();
  });

  function picker(kind) {
    const search = el("input", { type: "search", placeholder: "Find a value", "aria-label": "Find a value", autocomplete: "off" });
    const list = el("ul", { class: "values", "aria-label": "Values" });
    let asking = null;
    const chosen = () => now[kind] ?? [];
    const row = (value, count) => {
      const box = el("input", { type: "checkbox", checked: chosen().includes(value) });
      box.addEventListener("change", () => change({ [kind]: box.checked ? [...chosen(), value] : chosen().filter((one) => one !== value) }));
      return el("li", {}, el("label", {}, box, el("span", { class: "text" }, shown(value)), el("span", { class: "numeric" }, count === null ? "" : count.toLocaleString("en-US"))));
    };
    const ask = async () => {
      asking?.abort();
      const mine = (asking = new AbortController());
      try {
        const found = await values(column.of, { column: column.name, search: search.value }, mine.signal);
        const others = search.value ? [] : chosen().filter((value) => !found.values.some((one) => one.value === value));
        list.replaceChildren(...others.map((value) => row(value, null)), ...found.values.map((one) => row(one.value, one.count)));
        if (found.more) list.append(el("li", { class: "note" }, "There are more: type to find them."));
        if (!list.children.length) list.append(el("li", { class: "note" }, "No such value."));
      } catch (problem) {
        if (!mine.signal.aborted) list.replaceChildren(el("li", { class: "note" }, problem.message));
      }
    };
    search.addEventListener("input", ask);
    ask();
    return [search, list];
  }

  function range() {
    const type = column.kind === "day" ? "date" : "number";
    const ends = ["From", "To"].map((title, at) => {
      const input = el("input", { type, step: "any", value: now.between?.[at] ?? "" });
      const take = () => change({ between: ends.map(({ field }) => (field.value === "" ? null : type === "number" ? Number(field.value) : field.value)) });
      input.addEventListener("change", take);
      return { field: input, node: el("label", { class: "field" }, el("span", {}, title), input) };
    });
    return [el("div", { class: "pair" }, ...ends.map(({ node }) => node))];
  }

  function ofBoard() {
    const select = el("select", { "aria-label": "Filter" }, ...filters.map((one) => el("option", { value: one.name, selected: one.name === now.filter }, one.title)));
    select.addEventListener("change", () => change({ filter: select.value }));
    return [select];
  }

  draw();
  return el("div", { class: "editor-body" }, way, body);
}

const wayOf = (one) => one.date ?? ["include", "exclude", "between", "filter"].find((key) => one[key] !== undefined);
