// Lines across a chart, such as an aim: the lines of a widget in; fields for each, and a button for another one, out.
import { icon } from "./composer_icons.js";
import { choice, field } from "./composer_popover.js";
import { el } from "./dom.js";

export const RULED = ["bar", "line", "area", "point", "tick", "scatter", "histogram", "box"];
const AXES = [["y", "on Y"], ["x", "on X"]];

// `set(lines)` takes the changed ones; a value may be a number or a day.
export function linesOf(lines, set) {
  const change = (at, said) => set(lines.map((one, index) => (index === at ? { ...one, ...said } : one)));
  const value = (text) => (/^\d{4}-\d\d-\d\d$/.test(text) ? text : Number(text));
  const rows = lines.map((line, at) => {
    const where = el("input", { value: line.value, "data-focus": `line:${at}`, placeholder: "A number or a day", required: true });
    where.addEventListener("change", () => {
      const found = value(where.value.trim());
      const bad = where.value.trim() === "" || Number.isNaN(found);
      where.setCustomValidity(bad ? "A number, or a day such as 2017-12-24" : "");
      if (bad) return where.reportValidity();
      change(at, { value: found });
    });
    const label = el("input", { value: line.label ?? "", maxlength: "80", placeholder: "Aim", "data-focus": `line-label:${at}` });
    label.addEventListener("change", () => change(at, { label: label.value.trim() || undefined }));
    const axis = choice(AXES, line.axis ?? "y", (axis) => change(at, { axis: axis === "y" ? undefined : axis }));
    axis.setAttribute("aria-label", `Line ${at + 1} lies`);
    const drop = el("button", { type: "button", class: "icon", "aria-label": `Remove line ${at + 1}`, on: { click: () => set(lines.filter((_, index) => index !== at)) } }, icon("close"));
    return el("div", { class: "line-row" }, field("Line at", where), field("Says", label), axis, drop);
  });
  const add = el("button", { type: "button", class: "button quiet", "data-focus": "line-add", on: { click: () => set([...lines, { value: 0 }]) } }, "Add a line");
  return [...rows, add];
}
