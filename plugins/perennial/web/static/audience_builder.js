// A rule that is being put together: its history, the page's picture of it, what is wrong with it, and its size.
import { missing } from "./audience_blocks.js";
import { Canvas } from "./audience_canvas.js";
import { Estimate } from "./audience_estimate.js";
import { blame } from "./audience_faults.js";
import { History } from "./audience_history.js";
import { Palette } from "./audience_palette.js";
import { Overlap } from "./audience_overlap.js";
import { nodeOf, ruleOf, treeOf } from "./audience_tree.js";

const EMPTY = "Nobody yet: the rule is empty.";

export class Builder {
  // `nodes` are {canvas, palette, estimate, overlap, sentence, announced}; `about` gives name and purpose; `changed()` is told
  // of every new rule.
  constructor(nodes, vocabulary, { rule, top, own, readOnly, about, changed }) {
    Object.assign(this, { nodes, vocabulary, own, about, changed, refused: [], history: new History({ ...treeOf(rule), top }) });
    const change = (tree, place) => {
      this.history.push(tree, place);
      this.ruleChanged();
    };
    this.canvas = new Canvas(nodes.canvas, vocabulary, { readOnly, change, browse: () => this.palette.focus() });
    this.palette = new Palette(nodes.palette, vocabulary, { own, pick: (item) => this.pick(item), fresh: (item) => this.fresh(item) });
    this.estimate = new Estimate(nodes.estimate, (answer) => this.counted(answer));
    this.overlap = new Overlap(nodes.overlap);
    this.overlap.offer(vocabulary.audiences.filter((one) => one.name !== own));
    nodes.canvas.addEventListener("drawn", () => this.judge());
    nodes.canvas.addEventListener("pointed", () => this.palette.pointsAt(this.canvas.groupTitle));
  }

  get rule() {
    return ruleOf(this.history.state);
  }

  // The definition's part that says who belongs to it.
  get who() {
    const { top } = this.history.state;
    return { rule: this.rule, ...(top ? { top } : {}) };
  }

  get missing() {
    return missing(this.history.state, this.vocabulary);
  }

  show() {
    this.canvas.show(this.history.state);
    this.ruleChanged();
  }

  replace({ rule, top }) {
    this.history.push({ ...treeOf(rule), top });
    this.show();
  }

  ruleChanged() {
    this.refused = [];
    this.changed();
    this.recount();
  }

  recount() {
    const open = this.missing;
    this.judge(open);
    this.nodes.sentence.toggleAttribute("data-stale", open.length > 0);
    if (!this.history.state.rules.length) this.nodes.sentence.textContent = EMPTY;
    const question = open.length ? null : { ...this.who, purpose: this.about.value.purpose, name: this.own };
    this.overlap.ask(question);
    this.estimate.ask(question, open.length === 1 ? open[0].message : `${open.length} things are still to be filled in.`);
  }

  judge(open = this.missing) {
    if (this.refused.length) return blame(this.canvas.node, this.refused, "bad");
    return blame(this.canvas.node, open.filter(({ path }) => path !== "" || this.history.state.rules.length), "open");
  }

  counted({ sentence, errors }) {
    this.refused = errors;
    this.judge();
    if (sentence) this.nodes.sentence.textContent = sentence;
    this.nodes.sentence.toggleAttribute("data-stale", !sentence);
  }

  // What is missing, in red, with the focus on the first of it; whether there is any.
  insist() {
    const open = this.missing;
    if (!open.length) return null;
    blame(this.canvas.node, open, "bad");
    this.canvas.node.querySelector("[data-fault]")?.focus();
    return open[0].message;
  }

  travel(way) {
    if (!this.history[way]()) return;
    this.show();
    this.announce(way === "undo" ? "Undone" : "Done again");
  }

  pick(item) {
    this.canvas.append(this.fresh(item));
    this.announce(`${item.label} added to ${this.canvas.groupTitle}`);
  }

  // Shares of different audiences are independent of each other, unless somebody wants otherwise.
  fresh(item) {
    return nodeOf(this.vocabulary.fresh({ ...item, seed: this.about.name || "share" }));
  }

  announce(text) {
    this.nodes.announced.textContent = text;
  }
}
