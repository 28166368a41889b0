// Where widgets stand: a list of them in, the list with one moved, resized, doubled or added out. No page here.
// Their order is their place: they fill rows of twelve columns from left to right.
export const HEIGHTS = ["small", "medium", "large"];
const USUAL = { width: 6, height: "medium" };

export const find = (widgets, id) => widgets.find((widget) => widget.id === id);
export const place = (widgets, id) => widgets.findIndex((widget) => widget.id === id);

// `index` counts the other widgets.
export function move(widgets, id, index) {
  const others = widgets.filter((widget) => widget.id !== id);
  const at = Math.max(0, Math.min(others.length, index));
  return at === place(widgets, id) ? widgets : [...others.slice(0, at), find(widgets, id), ...others.slice(at)];
}

// What is as usual is not said.
export function resize(widgets, id, size) {
  return widgets.map((widget) => {
    if (widget.id !== id) return widget;
    const { width: _, height: __, ...rest } = widget;
    const wanted = { ...USUAL, ...widget, ...size };
    return { ...rest, ...Object.fromEntries(Object.keys(USUAL).filter((key) => wanted[key] !== USUAL[key]).map((key) => [key, wanted[key]])) };
  });
}

export function grown({ width, height } = {}, wider, taller) {
  const sizes = { width: Math.max(1, Math.min(12, (width ?? USUAL.width) + wider)) };
  if (!taller) return sizes;
  const at = HEIGHTS.indexOf(height ?? USUAL.height);
  return { ...sizes, height: HEIGHTS[Math.max(0, Math.min(HEIGHTS.length - 1, (at < 0 ? 1 : at) + taller))] };
}

export function duplicate(widgets, id) {
  const at = place(widgets, id);
  const copy = freeId(widgets, id);
  return { copy, widgets: [...widgets.slice(0, at + 1), { ...structuredClone(widgets[at]), id: copy }, ...widgets.slice(at + 1)] };
}

// A new widget with an id that no other one has: what its title says.
export function fresh(widgets, widget) {
  const id = widget.id || plain(widget.title) || "widget";
  return { ...widget, id: find(widgets, id) ? freeId(widgets, id) : id };
}

const plain = (title) => title.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+/, "").slice(0, 48).replace(/_+$/, "");

export const blank = () => ({ id: "widget", title: "New widget", mark: "table", sql: "SELECT * FROM adwh_fact_profile\nWHERE date_key = $day" });

function freeId(widgets, id) {
  const stem = id.replace(/_\d+$/, "").slice(0, 58);
  for (let number = 2; ; number += 1) if (!find(widgets, `${stem}_${number}`)) return `${stem}_${number}`;
}
