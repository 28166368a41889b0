// What one field of a record is edited with: its label, its input, why it is refused, and what it came as.
import { el } from "./dom.js";

export const WHOLE = "";
const LONG = 80;

// A browser writes line ends in its own way: what it made of the text is what later texts are compared with.
const same = (input, text) => input.value === text.replace(/\r\n?/g, "\n");
export const left = ({ out }) => Boolean(out?.checked);
export const touched = ({ input, first, out }) => input.value !== first || left({ out });
export const original = ({ field, input, out }) => same(input, field.before ?? "") && !left({ out }) && (field.kind === "absent") === !field.came;

export function restore({ field, input, out }) {
  input.value = field.before ?? "";
  if (out) out.checked = false;
}

export function came({ field, input }) {
  if (same(input, field.before ?? "")) return "";
  const before = field.before ?? "nothing";
  return `came as ${before === "" ? "an empty text" : before.slice(0, LONG)}`;
}

export function control(field, index) {
  const id = `field-${index}`;
  const text = field.text ?? "";
  const long = field.kind === "nested" || text.length > LONG || text.includes("\n");
  const shared = { id, spellcheck: "false", "aria-describedby": `${id}-why ${id}-was` };
  const hint = field.kind === "absent" ? "not in the record" : field.text === "" ? "empty" : "nothing";
  const input = long ? el("textarea", { ...shared, rows: 4 }) : el("input", { ...shared, autocomplete: "off", placeholder: hint });
  input.value = text;
  const choices = field.enum.length && !long ? el("datalist", { id: `${id}-list` }, ...field.enum.map((value) => el("option", { value }))) : null;
  if (choices) input.setAttribute("list", choices.id);
  const kind = `${field.type}${field.required ? ", required" : ""}`;
  // What no column is made of can be left out: a dataset may refuse records that hold more than it knows.
  const out = field.type || field.kind === "absent" ? null : el("input", { type: "checkbox" });
  const about = out ? el("span", { class: "note" }, el("label", {}, out, " leave out")) : el("span", { class: "note" }, kind);
  const name = el("label", { for: id, class: "name" }, field.name);
  return assembled(field, input, `control${long ? " long" : ""}`, el("div", { class: "head" }, name, about), choices, out);
}

// A record that is no JSON object: its text, and a way to type its fields instead.
export function whole({ raw, corrected }) {
  const input = el("textarea", { id: "field-whole", rows: 8, spellcheck: "false", "aria-describedby": "field-whole-why" });
  input.value = corrected ?? raw;
  const fill = el("button", { type: "button", class: "button", "data-fill": true }, "Type its fields instead");
  const name = el("label", { for: "field-whole", class: "name" }, "The whole record, as a JSON object");
  const field = { name: WHOLE, text: input.value, before: raw, kind: "text", came: true };
  return assembled(field, input, "control long", el("div", { class: "head" }, name, fill), null, null);
}

function assembled(field, input, kind, head, choices, out) {
  const why = el("span", { class: "reasons-at", id: `${input.id}-why` });
  const was = el("span", { class: "note was", id: `${input.id}-was` });
  const node = el("div", { class: kind, title: field.description || null }, head, input, choices, why, was);
  return { field, input, first: input.value, out, why, was, node };
}
