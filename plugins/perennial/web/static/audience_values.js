// The inputs of a comparison: an operator, and a value as its kind and operator need it.
import { el } from "./dom.js";
import { valueFor } from "./audience_blocks.js";
import { moment, number, quiet, select, span, text, truth, word } from "./audience_controls.js";
import { icon } from "./audience_icons.js";
import { part, patch } from "./audience_lens.js";
import { suggest } from "./audience_suggest.js";
import { valueWords } from "./audience_words.js";

// `what` is {kind, items, label, source}: the kind of values that a list has, and what asks the API for those there are.
export function comparison(lens, what, vocabulary) {
  const operators = vocabulary.operatorsFor(what.kind).map((one) => ({ value: one.name, label: one.label }));
  const { operator } = lens.get();
  const kept = (next) => valueFor(vocabulary.takes(what.kind, next), lens.get().value, what.kind);
  const change = (next) => patch(lens, { operator: next, value: undefined, ...kept(next) }, { redraw: true, place: null });
  const chosen = select(part(lens, "operator"), operators, `How ${what.label} is compared`, change);
  return [chosen, ...inputs(part(lens, "value"), what, vocabulary.takes(what.kind, operator))];
}

function inputs(lens, what, takes) {
  if (takes === "nothing") return [];
  if (takes === "span") return [span(lens, what.label)];
  if (takes === "list") return [list(lens, what)];
  if (takes === "two") return [single(part(lens, 0), what, "from", null), word("and"), single(part(lens, 1), what, "to", null)];
  return [single(lens, what)];
}

function single(lens, what, end = "", empty = undefined) {
  const label = `Value of ${what.label}${end ? `, ${end}` : ""}`;
  const value = lens.get();
  const kind = what.items ?? what.kind;
  if (value !== null && typeof value === "object") return fixed(lens, value, empty);
  if (kind === "number") return number(lens, label, { empty });
  if (kind === "truth") return truth(lens, label);
  if (kind === "date" || kind === "time") return moment(lens, label, kind);
  const input = text(lens, label, { placeholder: "type, or choose" });
  const take = (taken) => {
    input.value = valueWords(taken);
    lens.set(taken);
  };
  return suggest(input, what.source, { chosen: take });
}

// Counted from now, or another field: said in words, and kept until it is replaced.
function fixed(lens, value, empty) {
  const replace = () => lens.set(empty === undefined ? "" : empty, { redraw: true, place: null });
  return el("span", { class: "chip fixed", "data-path": lens.path, title: JSON.stringify(value) }, valueWords(value), quiet("close", `Replace ${valueWords(value)} by a value`, replace, { "data-key": `${lens.key}:fixed` }));
}

function list(lens, what) {
  const kept = () => lens.get() ?? [];
  const put = (values) => lens.set(values, { redraw: true, place: null });
  const add = (value) => {
    const cleaned = typeof value === "string" ? value.trim() : value;
    input.value = ""; // what was typed to find it is done with
    if (cleaned === "") return;
    const next = what.kind === "number" ? Number(cleaned) : cleaned;
    if (!Number.isNaN(next) && !kept().includes(next)) put([...kept(), next]);
  };
  const chips = kept().map((value, index) =>
    el("span", { class: "chip" }, el("span", {}, valueWords(value)), el("button", { type: "button", "aria-label": `Remove ${valueWords(value)}`, "data-key": `${lens.key}:${index}`, on: { click: () => put(kept().toSpliced(index, 1)) } }, icon("close"))));
  const input = el("input", { type: "text", size: 12, placeholder: chips.length ? "and …" : "type, or choose", "aria-label": `Add a value of ${what.label}`, "data-path": lens.path, "data-key": lens.key, spellcheck: "false" });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Backspace" && !input.value && kept().length) put(kept().slice(0, -1));
    if (event.key === "," && what.kind !== "number") {
      event.preventDefault();
      add(input.value);
    }
  });
  input.addEventListener("change", () => add(input.value));
  return el("span", { class: "chips", role: "group", "aria-label": `Values of ${what.label}` }, ...chips, suggest(input, what.source, { chosen: add, taken: kept }));
}
