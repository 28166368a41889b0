// A lens looks at one place of a rule: it knows the place's path, reads what is there, and sets it anew. No DOM.
// {path: as the API names it, key: unique on the page, get(), set(value, options)}

export function part(lens, name) {
  const step = typeof name === "number" ? `[${name}]` : lens.path ? `.${name}` : name;
  const key = `${lens.key}.${name}`;
  return {
    path: lens.path + step,
    key,
    get: () => lens.get()?.[name],
    set: (value, options = {}) => lens.set(replaced(lens.get(), name, value), { place: key, ...options }),
  };
}

// With one entry other than before; undefined takes it away. The order of what stays is kept.
export function replaced(whole, name, value) {
  if (Array.isArray(whole)) return value === undefined ? whole.toSpliced(name, 1) : whole.with(name, value);
  const copy = { ...whole, [name]: value };
  if (value === undefined) delete copy[name];
  return copy;
}

export const patch = (lens, changes, options) => {
  let rule = lens.get();
  for (const [name, value] of Object.entries(changes)) rule = replaced(rule, name, value);
  lens.set(rule, options);
};

// Conditions on an event's fields: a group of them, or a single one, as one list; without any there is no `where`.
export function conditions(lens) {
  const where = part(lens, "where");
  const rule = where.get();
  const mode = ["all", "any", "none"].find((one) => Array.isArray(rule?.[one]));
  if (!rule) return { mode: "all", items: [], put: (items, as = "all") => put(where, items, as, true) };
  if (!mode) return { mode: "all", items: [where], put: (items, as = "all") => put(where, items, as, true) };
  const list = part(where, mode);
  const items = rule[mode].map((_, index) => part(list, index));
  return { mode, items, put: (rules, as = mode) => put(where, rules, as, false) };
}

function put(where, rules, mode, bare) {
  const redraw = { redraw: true, place: null };
  if (!rules.length) return where.set(undefined, redraw);
  return where.set(bare && mode === "all" && rules.length === 1 ? rules[0] : { [mode]: rules }, redraw);
}
