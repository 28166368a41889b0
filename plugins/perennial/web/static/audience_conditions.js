// What must hold of an event: conditions on its fields, all, any or none of them, below its row.
import { el } from "./dom.js";
import { modeOf } from "./audience_tree.js";
import { adding, line, quiet, select, word } from "./audience_controls.js";
import { conditions, part } from "./audience_lens.js";
import { comparison } from "./audience_values.js";
import { fieldWords } from "./audience_words.js";

const WORDS = [{ value: "all", label: "all of" }, { value: "any", label: "any of" }, { value: "none", label: "none of" }];

export function where(lens, vocabulary) {
  const { mode, items, put } = conditions(lens);
  const event = lens.get().event;
  const rules = () => items.map((item) => item.get());
  const known = vocabulary.event(event).fields;
  const usual = known.find((one) => one.kind === "text" || one.kind === "number") ?? known[0];
  const fresh = () => ({ field: usual?.name ?? "", ...vocabulary.comparison(usual?.kind ?? "text") });
  const at = { path: `${lens.path}.where`, key: `${lens.key}.mode`, get: () => mode };
  const rows = items.map((item, index) => {
    const first = index ? word({ all: "and", any: "or", none: "or" }[mode]) : word(mode === "none" && items.length === 1 ? "not where" : "where");
    const gone = quiet("close", `Remove condition ${index + 1}`, () => put(rules().toSpliced(index, 1)), { "data-act": "" });
    return line(first, ...condition(item, event, vocabulary), gone);
  });
  const choice = items.length > 1 || mode === "none" ? [line(word("with"), select(at, WORDS, "How the conditions are combined", (next) => put(rules(), next)), word("these:"))] : [];
  const more = adding(items.length ? "Condition" : "Only some of them…", () => put([...rules(), fresh()]), { "data-act": "", "data-key": `${lens.key}.more`, "data-path": `${lens.path}.where` });
  return el("div", { class: "where", role: "group", "aria-label": `Conditions on ${vocabulary.event(event).label}` }, ...choice, ...rows, more);
}

function condition(lens, event, vocabulary) {
  const rule = lens.get();
  if (modeOf(rule) || !("field" in rule)) return [el("span", { class: "chip fixed", "data-path": lens.path, title: JSON.stringify(rule) }, fieldWords(rule))];
  const choices = vocabulary.event(event).fields.map((one) => ({ value: one.name, label: one.label }));
  const known = vocabulary.field(event, rule.field);
  const change = (name) => {
    const next = vocabulary.field(event, name);
    lens.set(next.kind === known.kind ? { ...lens.get(), field: name } : { field: name, ...vocabulary.comparison(next.kind) }, { redraw: true, place: null });
  };
  const what = { kind: known.kind, label: known.label, source: { event, field: rule.field } };
  return [select(part(lens, "field"), choices, "Field", change), ...comparison(lens, what, vocabulary)];
}
