// Inputs over lenses: each shows what is at its place of the rule, and sets it when it is changed.
import { el } from "./dom.js";
import { icon } from "./audience_icons.js";
import { parseSpan, spanText, UNITS } from "./audience_words.js";

export const line = (...children) => el("div", { class: "line" }, ...children);
export const word = (text) => el("span", { class: "word" }, text);
const marks = (lens, label) => ({ "data-path": lens.path, "data-key": lens.key, "aria-label": label });

// `choices` are {value, label, group}; what is there but no choice is kept as one.
export function select(lens, choices, label, change = (value) => lens.set(value, { redraw: true, place: null }), shown = lens.get()) {
  const known = choices.some((one) => one.value === shown);
  const all = known ? choices : [{ value: shown ?? "", label: shown ? `${shown} (not there)` : "Choose…" }, ...choices];
  const node = el("select", { ...marks(lens, label), on: { change: () => change(node.value) } });
  let group = null;
  for (const { value, label: text, group: title } of all) {
    if (title && title !== group?.label) node.append((group = el("optgroup", { label: title })));
    (title ? group : node).append(el("option", { value, selected: value === (shown ?? "") }, text));
  }
  return node;
}

// Wide enough for what is in it: sizes by the number of letters, as styles cannot be set inline.
const sized = (node, least, most) => {
  const fit = () => node.setAttribute("size", Math.max(least, Math.min(most, node.value.length + 1)));
  node.addEventListener("input", fit);
  fit();
  return node;
};

export function text(lens, label, { placeholder = "", least = 8, most = 30 } = {}) {
  const node = el("input", { ...marks(lens, label), type: "text", value: lens.get() ?? "", placeholder, autocomplete: "off", spellcheck: "false", on: { input: () => lens.set(node.value) } });
  return sized(node, least, most);
}

// `scale` is between what is shown and what is kept: 100 for percent.
export function number(lens, label, { least = null, scale = 1, empty = undefined } = {}) {
  const kept = lens.get();
  const shown = typeof kept === "number" ? String(Number((kept * scale).toPrecision(12))) : kept ?? "";
  const change = () => lens.set(node.value === "" ? empty : Number((Number(node.value) / scale).toPrecision(12)));
  const node = el("input", { ...marks(lens, label), type: "number", step: "any", min: least, value: shown, class: "number", on: { input: change } });
  return node;
}

// Moments are in UTC, as everything in the lake: the browser's own zone has no say.
export function moment(lens, label, kind) {
  const kept = String(lens.get() ?? "");
  const time = kind === "time";
  const shown = time ? (kept.length === 10 ? `${kept}T00:00` : kept.slice(0, 19)) : kept.slice(0, 10);
  const change = () => lens.set(node.value === "" ? undefined : time ? `${node.value.length === 16 ? `${node.value}:00` : node.value}Z` : node.value);
  const node = el("input", { ...marks(lens, time ? `${label} (UTC)` : label), type: time ? "datetime-local" : "date", step: time ? "1" : null, value: shown, on: { change } });
  return node;
}

export function truth(lens, label) {
  const choices = [{ value: "true", label: "yes" }, { value: "false", label: "no" }];
  return select(lens, choices, label, (value) => lens.set(value === "true"), String(lens.get() ?? ""));
}

// A number and a unit; a span that cannot be read as such stays text.
export function span(lens, label) {
  const found = parseSpan(lens.get());
  if (!found && lens.get()) return text(lens, label);
  const length = el("input", { ...marks(lens, `${label}: how many`), type: "number", min: "1", step: "1", value: found?.number ?? "", class: "number short" });
  const unit = el("select", { "data-key": `${lens.key}:unit`, "aria-label": `${label}: unit` });
  const words = () => UNITS.forEach((name, at) => (unit.options[at].textContent = Number(length.value) === 1 ? name : `${name}s`));
  for (const name of UNITS) unit.append(el("option", { value: name, selected: name === (found?.unit ?? "day") }));
  const change = () => {
    words();
    const whole = Math.trunc(Number(length.value));
    lens.set(length.value === "" || whole < 0 ? "" : `${found?.sign ?? ""}${spanText(whole, unit.value)}`);
  };
  words();
  length.addEventListener("input", change);
  unit.addEventListener("change", change);
  return el("span", { class: "span" }, length, unit);
}

export function quiet(name, label, press, attributes = {}) {
  return el("button", { type: "button", class: "icon", "aria-label": label, title: label, ...attributes, on: { click: press } }, icon(name));
}

export function adding(text, press, attributes = {}) {
  return el("button", { type: "button", class: "adding", ...attributes, on: { click: press } }, icon("plus"), text);
}
