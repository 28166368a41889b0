// Below the rule: only the first of those who meet it, by an attribute. The tree carries it as `top`.
import { el } from "./dom.js";
import { adding, line, number, quiet, select, word } from "./audience_controls.js";
import { part, patch } from "./audience_lens.js";

const RANKED = ["number", "date", "time"];
const ORDER = [{ value: "greatest", label: "greatest" }, { value: "least", label: "least" }];
const REDRAW = { redraw: true, place: null };

export function topBlock(canvas) {
  const lens = {
    path: "top",
    key: "top",
    get: () => canvas.tree.top,
    set: (top, { redraw = false, place = null } = {}) => canvas.set({ ...canvas.tree, top }, place, { redraw }),
  };
  const ranked = canvas.vocabulary.attributes.filter((one) => RANKED.includes(one.kind));
  if (lens.get()) return block(canvas.vocabulary, lens, ranked);
  if (canvas.readOnly || !ranked.length) return null;
  const begin = () => canvas.set({ ...canvas.tree, top: { by: ranked[0].name, ...keyFor(ranked[0]), most: 1000 } }, null, { focus: "top.most" });
  return el("div", { class: "top-add", "data-act": "" }, adding("Only the first of them by an attribute…", begin, { "data-key": "top" }));
}

function block(vocabulary, lens, ranked) {
  const { by, key, least_first: least } = lens.get();
  const known = vocabulary.attribute(by);
  const choices = ranked.map((one) => ({ value: one.name, label: one.label }));
  const change = (name) => patch(lens, { by: name, key: undefined, ...keyFor(vocabulary.attribute(name)) }, REDRAW);
  const turn = (order) => patch(lens, { least_first: order === "least" ? true : undefined }, REDRAW);
  const keys = known.keys?.map((one) => ({ value: one, label: one })) ?? (key === undefined ? null : []);
  return el("section", { class: "block firsts", "data-path": "top", "aria-label": "Only the first of them" },
    el("div", { class: "lines" },
      line(word("Of these, only the"), number(part(lens, "most"), "How many people", { least: 1, empty: null }), word("people with the"),
        select({ ...part(lens, "least_first"), get: () => (least ? "least" : "greatest") }, ORDER, "Greatest or least", turn),
        select(part(lens, "by"), choices, "By which attribute", change),
        ...(keys ? [word("of"), select(part(lens, "key"), keys, `Which ${known.label}`)] : []),
        ...(known.lost ? [el("span", { class: "lost" }, `There is no attribute ${by} any more.`)] : [])),
      el("p", { class: "note" }, "Who does not have it is not among them. Of equal ones, the same people each time.")),
    el("div", { class: "acts", "data-act": "" }, quiet("close", "Remove: all of them", () => lens.set(undefined, REDRAW), { "data-key": "top:gone" })));
}

const keyFor = (one) => (one.keys ? { key: "" } : {});
