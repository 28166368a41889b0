// One block as a readable row, or a few of them: what it is about, and an input for everything that can be changed.
import { el } from "./dom.js";
import { excluded, kindOf } from "./audience_tree.js";
import { line, number, select, span, text, word } from "./audience_controls.js";
import { where } from "./audience_conditions.js";
import { part, patch } from "./audience_lens.js";
import { sequenceLines } from "./audience_sequence.js";
import { comparison } from "./audience_values.js";

const REDRAW = { redraw: true, place: null };
const PERIODS = [
  { value: "", label: "at any time" },
  { value: "within_last", label: "within the last" },
  { value: "not_within_last", label: "longer ago than" },
  { value: "both", label: "within the last … but longer ago than" },
];
const WAYS = [{ value: "in", label: "is" }, { value: "out", label: "is not" }];
const ROWS = { attribute, event, sequence: sequenceLines, audience, share, unknown };

export const lines = (lens, vocabulary) => ROWS[kindOf(lens.get())](lens, vocabulary);

// What a block is called where there is room for a few words only.
export function named(rule, vocabulary) {
  const kind = kindOf(rule);
  if (kind === "attribute") return `${vocabulary.attribute(rule.attribute).label}${rule.key ? ` of ${rule.key}` : ""}`;
  if (kind === "event") return vocabulary.event(rule.event).label;
  if (kind === "sequence") return `Sequence of ${rule.sequence.length} steps`;
  if (kind === "audience") {
    const { audience: other } = excluded(rule) ?? rule;
    return `${excluded(rule) ? "Not in " : ""}${vocabulary.byAudience.get(other)?.title ?? other}`;
  }
  return kind === "share" ? "Random share" : "A block this page does not know";
}

const lost = (known, name, what) => (known.lost ? [el("span", { class: "lost" }, `There is no ${what} ${name} any more.`)] : []);

function attribute(lens, vocabulary) {
  const rule = lens.get();
  const known = vocabulary.attribute(rule.attribute);
  const keys = known.keys?.map((key) => ({ value: key, label: key }));
  const key = keys ? [word("of"), select(part(lens, "key"), keys, `Which ${known.label}`)] : rule.key !== undefined ? [word("of"), text(part(lens, "key"), "Which one")] : [];
  const what = { kind: known.kind, items: known.items, label: known.label, source: { attribute: rule.attribute, key: rule.key } };
  const name = el("strong", { "data-path": part(lens, "attribute").path, title: rule.attribute }, known.label);
  return [line(name, ...key, ...comparison(lens, what, vocabulary), ...lost(known, rule.attribute, "attribute"))];
}

function event(lens, vocabulary) {
  const rule = lens.get();
  const known = vocabulary.event(rule.event);
  const name = el("strong", { "data-path": part(lens, "event").path, title: rule.event }, known.label);
  return [line(name, ...amount(lens, known, vocabulary), ...lost(known, rule.event, "dataset")), line(...period(lens)), where(lens, vocabulary)];
}

function amount(lens, known, vocabulary) {
  const rule = lens.get();
  const [operator, value] = [part(lens, "operator"), part(lens, "value")];
  const aggregate = rule.aggregate ?? "count";
  const change = (next) => patch(lens, { aggregate: next === "count" && rule.aggregate === undefined ? undefined : next, of: next === "count" ? undefined : fits(known, next, rule.of) }, REDRAW);
  const choices = vocabulary.aggregates.map((one) => ({ value: one.name, label: one.label }));
  const fields = known.fields.filter((one) => aggregate === "count_distinct" || one.kind === "number").map((one) => ({ value: one.name, label: one.label }));
  const of = aggregate === "count" ? [] : [select(part(lens, "of"), fields, "Of which field")];
  const compared = select({ ...operator, get: () => rule.operator ?? "at_least" }, vocabulary.amounts.map((one) => ({ value: one.name, label: one.label })), "How the number is compared");
  const given = number({ ...value, get: () => lens.get().value ?? ("value" in lens.get() ? "" : 1) }, "Number", { empty: null });
  return [select({ ...part(lens, "aggregate"), get: () => aggregate }, choices, "What is counted", change), ...of, compared, given, ...(aggregate === "count" ? [word("times")] : [])];
}

function fits(known, aggregate, before) {
  const fields = known.fields.filter((one) => aggregate === "count_distinct" || one.kind === "number");
  return fields.some((one) => one.name === before) ? before : (fields[0]?.name ?? "");
}

function period(lens) {
  const [within, before] = ["within_last", "not_within_last"].map((name) => part(lens, name));
  const now = within.get() !== undefined ? (before.get() !== undefined ? "both" : "within_last") : before.get() !== undefined ? "not_within_last" : "";
  const change = (next) => {
    const [recent, old] = [within.get(), before.get()];
    const spare = recent ?? old ?? "30 days";
    const both = next === "both";
    patch(lens, {
      within_last: next === "within_last" ? spare : both ? (recent ?? "90 days") : undefined,
      not_within_last: next === "not_within_last" ? spare : both ? (old ?? "30 days") : undefined,
    }, REDRAW);
  };
  const choice = select({ path: within.path, key: `${lens.key}.period`, get: () => now }, PERIODS.map((one) => (one.value === "both" && now === "both" ? { ...one, label: "within the last" } : one)), "When it happened", change);
  if (now === "both") return [choice, span(within, "Within the last"), word("but longer ago than"), span(before, "Longer ago than")];
  return now ? [choice, span(now === "within_last" ? within : before, now === "within_last" ? "Within the last" : "Longer ago than")] : [choice];
}

function audience(lens, vocabulary) {
  const rule = lens.get();
  const inner = excluded(rule);
  const at = part(inner ? part(part(lens, "none"), 0) : lens, "audience");
  const choices = vocabulary.audiences.map((one) => ({ value: one.name, label: one.title }));
  const turn = (way) => lens.set(way === "in" ? excluded(lens.get()) : { none: [lens.get()] }, REDRAW);
  const way = { ...part(lens, "way"), get: () => (inner ? "out" : "in") };
  return [line(select(way, WAYS, "In the audience, or not", turn), el("strong", {}, "in the audience"), select(at, choices, "Audience"))];
}

function share(lens) {
  const after = part(lens, "after");
  const begins = { ...after, get: () => lens.get().after ?? 0, set: (value, options) => after.set(value || undefined, options) };
  return [
    line(el("strong", {}, "Random share"), number(part(lens, "share"), "Percent of everybody", { scale: 100, least: 0, empty: null }), word("% of everybody, after the first"), number(begins, "Percent that come before it", { scale: 100, least: 0 }), word("%")),
    line(word("drawn by the word"), text(part(lens, "seed"), "Word the share is drawn by")),
    el("p", { class: "note" }, "The same people each time. Another word draws other people; parts of one word that adjoin have nobody in common."),
  ];
}

function unknown(lens) {
  return [line(el("span", { class: "chip fixed", "data-path": lens.path }, JSON.stringify(lens.get()))), el("p", { class: "note" }, "This page cannot show this block; it stays as it is.")];
}
