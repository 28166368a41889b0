// Events one after the other: steps in a row, each with its conditions, its time, and what it has in common with the last.
import { el } from "./dom.js";
import { adding, line, quiet, select, span, word } from "./audience_controls.js";
import { where } from "./audience_conditions.js";
import { part, patch, replaced } from "./audience_lens.js";

const REDRAW = { redraw: true, place: null };
const LIMITS = [["after_at_least", "at least"], ["after_at_most", "at most"]];

export function sequenceLines(lens, vocabulary) {
  const steps = part(lens, "sequence");
  const nodes = steps.get().map((_, index) => step(steps, index, vocabulary));
  const more = () => steps.set([...steps.get(), { event: steps.get().at(-1).event }], REDRAW);
  const within = part(lens, "within_last");
  const limited = within.get() !== undefined;
  const time = select({ path: lens.path, key: `${lens.key}.when`, get: () => (limited ? "within" : "any") }, [{ value: "any", label: "at any time" }, { value: "within", label: "within the last" }], "When all of it happened", (next) => within.set(next === "within" ? "30 days" : undefined, REDRAW));
  return [
    line(el("strong", {}, "One after the other"), time, ...(limited ? [span(within, "Within the last")] : [])),
    el("ol", { class: "steps" }, ...nodes),
    adding("Step", more, { "data-act": "", "data-key": `${lens.key}.step` }),
  ];
}

function step(steps, index, vocabulary) {
  const lens = part(steps, index);
  const events = vocabulary.events.map((one) => ({ value: one.name, label: one.label }));
  const change = (event) => lens.set(Object.fromEntries(Object.entries({ ...lens.get(), event }).filter(([name]) => !["where", "matching"].includes(name))), REDRAW);
  const head = line(word(index ? "then" : "first"), select(part(lens, "event"), events, `What happens in step ${index + 1}`, change), ...(index ? limits(lens) : []), el("span", { class: "step-acts", "data-act": "" }, ...acts(steps, index)));
  return el("li", { class: "step", "data-path": lens.path }, head, ...(index ? matches(lens, steps.get()[index - 1].event, vocabulary) : []), where(lens, vocabulary));
}

function acts(steps, index) {
  const all = steps.get;
  // Whoever comes first comes after nothing, and matches nothing.
  const put = (next) => steps.set(next.map((one, at) => (at ? one : Object.fromEntries(Object.entries(one).filter(([name]) => !["after_at_least", "after_at_most", "matching"].includes(name))))), REDRAW);
  const swap = (other) => put(all().with(index, all()[other]).with(other, all()[index]));
  const key = `${part(steps, index).key}:`;
  return [
    quiet("up", `Move step ${index + 1} up`, () => swap(index - 1), { disabled: index === 0, "data-key": `${key}up` }),
    quiet("down", `Move step ${index + 1} down`, () => swap(index + 1), { disabled: index === all().length - 1, "data-key": `${key}down` }),
    quiet("close", `Remove step ${index + 1}`, () => put(all().toSpliced(index, 1)), { disabled: all().length < 3, "data-key": `${key}gone` }),
  ];
}

function limits(lens) {
  const given = LIMITS.filter(([name]) => lens.get()[name] !== undefined);
  const shown = given.map(([name, words]) =>
    el("span", { class: "limit" }, word(`${words}`), span(part(lens, name), `After ${words}`), word("later"), quiet("close", `Remove “${words}”`, () => part(lens, name).set(undefined, REDRAW), { "data-act": "" })));
  const free = LIMITS.filter(([name]) => lens.get()[name] === undefined);
  const more = free.map(([name, words]) => adding(`${words} … later`, () => part(lens, name).set("1 day", REDRAW), { "data-act": "" }));
  return [...shown, ...more];
}

// {this event's field: that of the step before}
function matches(lens, before, vocabulary) {
  const { event, matching = {} } = lens.get();
  const [mine, theirs] = [event, before].map((name) => vocabulary.event(name).fields);
  const at = part(lens, "matching");
  const put = (pairs) => patch(lens, { matching: pairs.length ? Object.fromEntries(pairs) : undefined }, REDRAW);
  const pairs = Object.entries(matching);
  const choices = (fields) => fields.map((one) => ({ value: one.name, label: one.label }));
  const rows = pairs.map(([own, other], index) => {
    const set = (position, value) => put(pairs.with(index, replaced(pairs[index], position, value)));
    return line(
      word(index ? "and the same" : "with the same"),
      select({ path: `${at.path}.${own}`, key: `${at.key}:${index}:own`, get: () => own }, choices(mine), "This step's field", (name) => set(0, name)),
      word("as"),
      select({ path: at.path, key: `${at.key}:${index}:other`, get: () => other }, choices(theirs), "Field of the step before", (name) => set(1, name)),
      word("of the step before"),
      quiet("close", "Remove what they have in common", () => put(pairs.toSpliced(index, 1)), { "data-act": "" }),
    );
  });
  const free = mine.find((one) => !(one.name in matching) && theirs.some((other) => other.name === one.name)) ?? mine.find((one) => !(one.name in matching));
  const more = free && theirs.length ? [adding("Same … as the step before", () => put([...pairs, [free.name, theirs.some((one) => one.name === free.name) ? free.name : theirs[0].name]]), { "data-act": "", "data-key": `${at.key}.more` })] : [];
  return [...rows, ...more];
}
