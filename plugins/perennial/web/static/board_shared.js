// Whether a pick of a column would matter to any other widget than the one in which it is made.
const DAY = "date_key"; // is chosen above all widgets
const ROLES = ["x", "y", "low", "high", "color", "size", "label"];

// Questions may be asked of columns that they do not show, and some tables do not say which they have: of them anything may be.
function columnsOf(widget) {
  if (widget.query || (widget.mark === "table" && !widget.columns.length)) return null;
  return new Set([...ROLES.map((role) => widget[role]), ...widget.columns].filter(Boolean).map(({ column }) => column));
}

export function sharing(widgets, filters) {
  const known = new Map(widgets.filter(({ mark }) => mark !== "text").map((widget) => [widget.id, columnsOf(widget)]));
  const fields = filters.map(({ column }) => column?.split(".").at(-1));
  return (column, id) => column !== DAY && (fields.includes(column) || [...known].some(([other, columns]) => other !== id && (!columns || columns.has(column))));
}
