// What can be said, as the API lists it, in; new blocks, and what is still missing in a rule, out. No DOM.
import { isGroup, kindOf, modeOf, places } from "./audience_tree.js";

const FIRST = { number: "at_least", text: "one_of", truth: "equals", date: "within_last", time: "within_last", list: "includes" };
const AMOUNTS = ["at_least", "at_most", "more_than", "less_than", "equals", "not_equals"];

export class Vocabulary {
  constructor(blocks) {
    Object.assign(this, blocks);
    this.byAttribute = new Map(blocks.attributes.map((one) => [one.name, one]));
    this.byEvent = new Map(blocks.events.map((one) => [one.name, one]));
    this.byAudience = new Map(blocks.audiences.map((one) => [one.name, one]));
  }

  attribute(name) {
    return this.byAttribute.get(name) ?? { name, label: name, kind: "other", keys: null, lost: true };
  }

  event(name) {
    return this.byEvent.get(name) ?? { name, label: name, fields: [], lost: true };
  }

  field(event, name) {
    return this.event(event).fields.find((one) => one.name === name) ?? { name, label: name, kind: "other" };
  }

  operatorsFor(kind) {
    return this.operators[kind] ?? this.operators.other ?? this.operators.text ?? [];
  }

  takes(kind, operator) {
    return this.operatorsFor(kind).find((one) => one.name === operator)?.takes ?? "one";
  }

  first(kind) {
    const known = this.operatorsFor(kind);
    return (known.find((one) => one.name === FIRST[kind]) ?? known[0])?.name ?? "equals";
  }

  // Amounts of events are compared as numbers, with fewer operators.
  get amounts() {
    return this.operatorsFor("number").filter((one) => AMOUNTS.includes(one.name));
  }

  fresh(item) {
    if (item.kind === "attribute") return { attribute: item.name, ...(item.keys ? { key: "" } : {}), ...this.comparison(item.of) };
    if (item.kind === "event") return { event: item.name, operator: "at_least", value: 1, within_last: "30 days" };
    if (item.kind === "sequence") return { sequence: [{ event: this.events[0]?.name ?? "" }, { event: this.events[0]?.name ?? "" }], within_last: "30 days" };
    if (item.kind === "audience") return { audience: item.name };
    return { share: 0.1, seed: item.seed };
  }

  comparison(kind) {
    const operator = this.first(kind);
    return { operator, ...valueFor(this.takes(kind, operator), undefined, kind) };
  }
}

// The value that fits what an operator takes, kept from the one before as far as it does: {} where there is none.
export function valueFor(takes, before, kind) {
  const one = Array.isArray(before) ? before[0] : before;
  const plain = one === null || (typeof one === "string" && takes !== "span" && /^\d+ (minute|hour|day|week|month|year)s?$/.test(one)) ? undefined : one;
  if (takes === "nothing") return {};
  if (takes === "list") return { value: Array.isArray(before) ? before : plain === undefined || plain === "" ? [] : [plain] };
  if (takes === "two") return { value: Array.isArray(before) && before.length === 2 ? before : [plain ?? null, null] };
  if (takes === "span") return { value: typeof before === "string" && /^\d+ [a-z]+$/.test(before) ? before : "30 days" };
  if (plain === undefined) return kind === "truth" ? { value: true } : {};
  return { value: plain };
}

const empty = (value) => value === undefined || value === null || value === "" || Number.isNaN(value);

function* compared(rule, kind, vocabulary, path) {
  const takes = vocabulary.takes(kind, rule.operator);
  const at = `${path}value`;
  if (takes === "list" && !rule.value?.length) yield { path: at, message: "Choose at least one value." };
  if (takes === "two" && (rule.value ?? [null]).some(empty)) yield { path: at, message: "Give both ends." };
  if (["one", "span"].includes(takes) && empty(rule.value)) yield { path: at, message: "Give a value." };
}

function* happening(rule, vocabulary, path) {
  if (!rule.event) yield { path: `${path}event`, message: "Choose what happened." };
  if (rule.where) yield* fields(rule.where, rule.event, vocabulary, `${path}where`);
}

function* fields(rule, event, vocabulary, path) {
  const mode = modeOf(rule);
  if (mode) {
    for (const [index, inner] of rule[mode].entries()) yield* fields(inner, event, vocabulary, `${path}.${mode}[${index}]`);
  } else if (!rule.field) yield { path: `${path}.field`, message: "Choose a field." };
  else yield* compared(rule, vocabulary.field(event, rule.field).kind, vocabulary, `${path}.`);
}

function* block(rule, vocabulary, path) {
  const kind = kindOf(rule);
  if (kind === "attribute") {
    if (rule.key === "") yield { path: `${path}key`, message: "Choose which one." };
    yield* compared(rule, vocabulary.attribute(rule.attribute).kind, vocabulary, path);
  } else if (kind === "event") {
    yield* happening(rule, vocabulary, path);
    if ((rule.aggregate ?? "count") !== "count" && !rule.of) yield { path: `${path}of`, message: "Choose a field." };
    if ("value" in rule && empty(rule.value)) yield { path: `${path}value`, message: "Give a number." };
  } else if (kind === "sequence") {
    for (const [index, step] of rule.sequence.entries()) yield* happening(step, vocabulary, `${path}sequence[${index}].`);
  } else if (kind === "share") {
    if (!(rule.share > 0 && rule.share < 1)) yield { path: `${path}share`, message: "More than 0 and less than 100 percent." };
    else if (rule.share + (rule.after ?? 0) > 1 + 1e-9) yield { path: `${path}after`, message: "Both together are more than 100 percent." };
    if (!rule.seed) yield { path: `${path}seed`, message: "Give a word: other words give other people." };
  }
}

function* first(top) {
  if (!top.by) yield { path: "top.by", message: "Choose an attribute." };
  if (top.key === "") yield { path: "top.key", message: "Choose which one." };
  if (!Number.isInteger(top.most) || top.most < 1) yield { path: "top.most", message: "Give a number of people: 1 or more." };
}

// Everything that is still to be filled in, as [{path, message}].
export function missing(tree, vocabulary) {
  const found = [];
  for (const { node, parent, path } of places(tree)) {
    if (!isGroup(node)) found.push(...block(node.rule, vocabulary, path ? `${path}.` : ""));
    else if (!node.rules.length) found.push({ path, message: parent ? "This group is empty: add a block, or remove the group." : "Add a block to begin." });
  }
  if (tree.top) found.push(...first(tree.top));
  return found;
}
