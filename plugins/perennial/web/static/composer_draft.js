// A widget being composed: pure changes of its document, with what usually fits where.
import { ROLES, shelvesOf } from "./composer_marks.js";
import { words } from "./composer_model.js";

export const AGGREGATES = { sum: "Sum", average: "Average", min: "Least", max: "Greatest", count: "Count", count_distinct: "Distinct" };
export const SPANS = ["day", "week", "month", "quarter", "year"];
export const COUNT = "count()";

export function fresh(model, table, mark = "bar") {
  const day = model.day(table);
  const filters = day ? [{ column: `${table}.${day.name}`, date: "recent" }] : [];
  return { mark, title: "", query: { table, filters } };
}

// A widget's document as a draft: documents may say a column by its name alone, and SQL beside a query is made from it.
export function taken(widget) {
  const { sql, query, ...rest } = structuredClone(widget);
  const named = (part) => (typeof part === "string" ? { column: part } : part);
  const spread = (said) => Object.fromEntries(Object.entries(said).map(([key, one]) => [key, ROLES.includes(key) ? named(one) : key === "columns" ? one.map(named) : one]));
  return clean(query ? { ...spread(rest), query: { filters: [], ...spread(clean(query)) } } : { ...spread(rest), sql: sql ?? "" });
}

// What a column is by itself on a shelf: keys, texts and days group; other numbers are added up.
export function measureOf(model, draft, shelf, id) {
  if (id === COUNT) return { aggregate: "count" };
  const column = model.column(draft.query.table, id);
  const number = column?.kind === "number" && !column.key;
  if (shelf.wants === "value" || (shelf.wants === "group" && !(number && draft.mark === "bar"))) return { column: id };
  if (number) return { column: id, aggregate: column.many ? "max" : "sum" };
  return shelf.wants === "measure" && ["donut", "number", "scatter", "heatmap", "cohort"].includes(draft.mark) ? { column: id, aggregate: "count_distinct" } : { column: id };
}

export function put(model, draft, role, id, given = null) {
  if (role === "filters") return { ...draft, query: { ...draft.query, filters: [...draft.query.filters, given ?? condition(model, draft, id)] } };
  const shelf = shelvesOf(draft.mark).find((one) => one.role === role);
  const measure = given ?? measureOf(model, draft, shelf, id);
  if (role === "columns") {
    const before = draft.query.columns ?? [];
    const format = formatOf(model, draft, measure, role);
    return { ...draft, columns: [...readings(draft), format ? { format } : {}], query: { ...draft.query, columns: [...before, measure] } };
  }
  const next = { ...draft, query: { ...draft.query, [role]: measure } };
  delete next[role];
  const format = formatOf(model, draft, measure, role);
  if (format) next[role] = { format };
  const trend = role === "x" && model.column(draft.query.table, id)?.name === "date_key";
  if (trend) next.query.filters = next.query.filters.map((one) => (one.column === id && one.date === "recent" ? { ...one, date: "period" } : one));
  return next;
}

// Axes write whole numbers best by themselves.
function formatOf(model, draft, measure, role) {
  if (!measure.aggregate) return null;
  const type = measure.column ? model.column(draft.query.table, measure.column)?.type ?? "" : "";
  const counted = measure.aggregate.startsWith("count") || (/int/.test(type) && measure.aggregate !== "average");
  const axis = !["columns", "label"].includes(role) && !["number", "funnel", "donut"].includes(draft.mark);
  return counted ? (axis ? null : "integer") : /^(numeric|double|real)/.test(type) || measure.aggregate === "average" ? "decimal" : null;
}

function condition(model, draft, id) {
  const column = model.column(draft.query.table, id);
  if (column?.kind === "day") return { column: id, date: "recent" };
  return column?.kind === "number" && !column.key ? { column: id, between: [null, null] } : { column: id, exclude: [] };
}

const readings = (draft) => (draft.query.columns ?? []).map((_, index) => draft.columns?.[index] ?? {});

export function change(draft, role, index, measure) {
  if (role !== "columns" && role !== "filters") return { ...draft, query: { ...draft.query, [role]: measure } };
  return { ...draft, query: { ...draft.query, [role]: draft.query[role].map((one, at) => (at === index ? measure : one)) } };
}

export function remove(draft, role, index) {
  const query = { ...draft.query };
  const next = { ...draft, query };
  const without = (list) => list.filter((_, at) => at !== index);
  if (role === "filters") query.filters = without(query.filters);
  else if (role === "columns") {
    next.columns = without(readings(draft));
    query.columns = without(query.columns);
  } else {
    delete query[role];
    delete next[role];
    if (query.sort?.replace("-", "") === role) delete query.sort;
  }
  return next;
}

// How a role reads: title and format.
export const reading = (draft, role, index) => (role === "columns" ? readings(draft)[index] : draft[role]) ?? {};

export function read(draft, role, index, said) {
  const told = Object.fromEntries(Object.entries({ ...reading(draft, role, index), ...said }).filter(([, value]) => value !== undefined));
  return role === "columns" ? { ...draft, columns: readings(draft).map((one, at) => (at === index ? told : one)) } : { ...draft, [role]: told };
}

export function swap(draft) {
  const next = { ...draft, query: { ...draft.query } };
  [next.query.x, next.query.y] = [draft.query.y, draft.query.x];
  [next.x, next.y] = [draft.y, draft.x];
  if (draft.query.sort) next.query.sort = draft.query.sort.replace(/^(-?)(x|y)$/, (_, sign, role) => sign + (role === "x" ? "y" : "x"));
  return clean(next);
}

// Another mark: what is on the shelves moves to those that the new one has.
export function become(model, draft, mark) {
  const parts = draft.mark === "table" ? (draft.query.columns ?? []).map((part, index) => [part, readings(draft)[index]]) : ROLES.filter((role) => draft.query[role]).map((role) => [draft.query[role], draft[role] ?? {}]);
  const next = { ...draft, mark, query: { ...draft.query } };
  const had = { ...draft.query };
  for (const role of [...ROLES, "columns"]) {
    delete next.query[role];
    delete next[role];
  }
  if (mark === "table") {
    const seen = parts.toSorted(([a], [b]) => Boolean(a.aggregate) - Boolean(b.aggregate));
    return { ...next, columns: seen.map(([, how]) => how), query: { ...next.query, columns: seen.map(([part]) => part) } };
  }
  const free = [...parts];
  const take = (at) => (at < 0 ? null : free.splice(at, 1)[0]);
  const number = (part) => part.column && model.column(draft.query.table, part.column)?.kind === "number";
  const fits = (shelf) => ([part]) => (shelf.wants === "value" ? number(part) : shelf.wants === "measure" ? Boolean(part.aggregate) : !part.aggregate);
  for (const shelf of shelvesOf(mark)) {
    const same = draft.mark !== "table" && had[shelf.role] ? free.findIndex(([part]) => part === had[shelf.role]) : -1;
    const found = same >= 0 && (fits(shelf)(free[same]) || mark === "bar") ? take(same) : shelf.needed || draft.mark === "table" ? take(free.findIndex(fits(shelf))) : null;
    if (!found) continue;
    next.query[shelf.role] = shelf.wants === "value" ? { column: found[0].column } : found[0];
    if (Object.keys(found[1] ?? {}).length) next[shelf.role] = found[1];
  }
  if (!ROLES.some((role) => next.query[role]?.aggregate)) delete next.query.top;
  if (next.query.sort && !next.query[next.query.sort.replace("-", "")]) delete next.query.sort;
  return next;
}

export function missing(draft, model) {
  if (draft.sql !== undefined) return draft.sql.trim() ? null : "Write a SELECT, and choose what its columns stand for.";
  const parts = draft.query;
  const open = shelvesOf(draft.mark).filter((shelf) => shelf.needed && !(shelf.role === "columns" ? parts.columns?.length : parts[shelf.role]));
  const values = shelvesOf(draft.mark).find((shelf) => shelf.wants === "value" && parts[shelf.role]);
  if (!open.length && values && model.column(parts.table, parts[values.role].column)?.kind !== "number") return `${values.title} needs a column of numbers.`;
  if (!open.length) return null;
  if (draft.mark === "table") return "Add a column to the table.";
  return `Put a column on ${open.map((shelf) => shelf.title).join(" and ")}.`;
}

export function said(model, table, part) {
  if (!part.column) return "Count of rows";
  const column = model.column(table, part.column);
  const name = column?.title ?? words(part.column.split(".")[1]);
  if (part.aggregate) return `${AGGREGATES[part.aggregate]} of ${name.toLowerCase()}`;
  return typeof part.bin === "string" && SPANS.includes(part.bin) ? `${words(part.bin)} of ${name.toLowerCase()}` : part.bin ? `${name}, by ${part.bin}` : name;
}

// A title for who gives none: what is measured, by what.
export function titleOf(model, draft) {
  if (draft.title?.trim()) return draft.title.trim();
  if (draft.sql !== undefined) return "Untitled";
  const parts = [...ROLES.map((role) => draft.query[role]), ...(draft.query.columns ?? [])].filter(Boolean);
  const measures = parts.filter((part) => part.aggregate);
  const groups = parts.filter((part) => !part.aggregate);
  const text = (list) => [...new Set(list.map((part) => said(model, draft.query.table, part).toLowerCase()))].slice(0, 2).join(" and ");
  return words([text(measures), text(groups)].filter(Boolean).join(" by ") || model.table(draft.query.table)?.title || "Untitled");
}

// What the result calls the columns of a table, as the server names them: equal ones are one.
export function namesOf(query) {
  const taken = new Map();
  return (query.columns ?? []).map((part) => {
    const [alias, column = ""] = (part.column ?? ".").split(".");
    const plain = part.aggregate ? (column ? `${part.aggregate}_of_${column}` : "count") : typeof part.bin === "string" ? `${part.bin}_of_${column}` : column;
    const same = (name) => !taken.has(name) || taken.get(name) === JSON.stringify(part);
    const name = [plain, `${alias}_${plain}`, ...Array.from({ length: 98 }, (_, n) => `${plain}_${n + 2}`)].find(same).toLowerCase();
    taken.set(name, JSON.stringify(part));
    return name;
  });
}

// An order by a column that is not there any more is none.
export function ordered(draft) {
  const { sort, columns } = draft.query ?? {};
  if (!sort || !columns || namesOf(draft.query).includes(sort.replace("-", ""))) return draft;
  const { sort: _, ...query } = draft.query;
  return { ...draft, query };
}

export const clean = (value) => (Array.isArray(value) ? value.map(clean) : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined).map(([key, one]) => [key, clean(one)])) : value);
