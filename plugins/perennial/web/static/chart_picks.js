// Marks that are picked: which values a mark has, and a specification in which the others are pale.
const MARKS = ["bar", "arc", "rect", "point", "tick", "line", "area"];
const typeOf = (mark) => (typeof mark === "string" ? mark : mark?.type);

// The values of a mark in some columns, as the store writes them; null where it has none of one of them.
export function valuesOf(item, columns) {
  const datum = item?.datum?.datum ?? item?.datum; // what is nearest to the pointer is a datum of its own
  const values = columns.map(({ name, kind }) => written(datum?.[name], kind));
  return columns.length && values.every((value) => value !== null) ? values : null;
}

function written(value, kind) {
  if (value === null || value === undefined || value === "") return null;
  return kind === "temporal" && typeof value !== "string" ? new Date(value).toISOString().slice(0, 10) : String(value);
}

// `chosen`: values by column. A line has one opacity, so that a point on it is not shown by it.
export function highlighted(spec, chosen, temporal) {
  const test = [...chosen].map(([column, values]) => `indexof(${JSON.stringify(values)}, ${text(column, temporal)}) >= 0`).join(" && ");
  const fade = (unit, above = {}) => {
    const encoding = unit.encoding ?? {};
    const kind = typeOf(unit.mark);
    const runs = ["line", "area"].includes(kind);
    const colour = { ...above, ...encoding }.color?.field;
    if (!MARKS.includes(kind) || encoding.opacity || (runs && ![...chosen.keys()].every((column) => column === colour))) return unit;
    return { ...unit, encoding: { ...encoding, opacity: { condition: { test, value: 1 }, value: 0.22 } } };
  };
  return spec.layer ? { ...spec, layer: spec.layer.map((unit) => fade(unit, spec.encoding)) } : fade(spec);
}

const text = (column, temporal) => (temporal.includes(column) ? `utcFormat(datum[${JSON.stringify(column)}], '%Y-%m-%d')` : `('' + datum[${JSON.stringify(column)}])`);
