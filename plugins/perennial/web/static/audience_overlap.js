// How an audience overlaps with another one that is chosen: asked anew whenever the rule changes, and drawn.
import { el } from "./dom.js";
import { overlap } from "./audience_http.js";
import { shape } from "./audience_icons.js";
import { count, day, people, percent } from "./audience_words.js";

const PAUSE_MS = 400;
const [WIDTH, BAR, GAP] = [300, 16, 5];

export class Overlap {
  constructor(node) {
    Object.assign(this, { node, question: null, timer: 0, asking: null });
    this.choice = node.querySelector("select");
    this.body = node.querySelector("[data-body]");
    this.choice.addEventListener("change", () => this.send());
  }

  // `audiences` are those that can be compared with: published ones, but the one itself.
  offer(audiences) {
    const chosen = this.choice.value;
    const choices = audiences.map((one) => el("option", { value: one.name, selected: one.name === chosen }, one.title));
    this.choice.replaceChildren(el("option", { value: "" }, "Choose an audience…"), ...choices);
    this.node.hidden = audiences.length === 0;
  }

  // `question` is what the API is asked of the rule; null where there is nothing to ask yet.
  ask(question) {
    this.question = question;
    clearTimeout(this.timer);
    this.asking?.abort();
    this.body.toggleAttribute("data-stale", true);
    if (this.choice.value && question) this.timer = setTimeout(() => this.send(), PAUSE_MS);
  }

  async send() {
    clearTimeout(this.timer);
    this.asking?.abort();
    if (!this.choice.value) return this.body.replaceChildren();
    if (!this.question) return this.say("Complete the rule first.");
    const mine = (this.asking = new AbortController());
    this.body.toggleAttribute("data-stale", true);
    this.body.setAttribute("aria-busy", "true");
    try {
      const answer = await overlap({ ...this.question, other: this.choice.value }, mine.signal);
      if (mine.signal.aborted) return;
      this.body.replaceChildren(...drawn(answer));
    } catch (problem) {
      if (mine.signal.aborted) return;
      this.say(problem.status === 422 ? "This rule does not work yet" : problem.message);
    }
    this.body.removeAttribute("aria-busy");
    this.body.removeAttribute("data-stale");
  }

  say(text) {
    this.body.replaceChildren(el("p", { class: "note" }, text));
    this.body.removeAttribute("data-stale");
  }
}

function drawn({ size, other_size: otherSize, both, share, other_share: otherShare, jaccard, other_title: title, as_of: asOf }) {
  const row = (name, number, note) => el("div", {}, el("dt", {}, name), el("dd", {}, el("strong", {}, count(number)), note));
  return [
    picture(size, otherSize, both, title),
    el("dl", { class: "overlaps" },
      row("In both", both, ""),
      row("In this one", size, `, ${percent(share)} of them in both`),
      row(`In “${title}”`, otherSize, `, ${percent(otherShare)} of them in both`)),
    el("p", { class: "note" }, `Of all in either, ${percent(jaccard)} are in both (Jaccard index ${jaccard.toFixed(2)}), as of ${day(asOf)}.`),
  ];
}

// Two bars, one below the other, so that what they share stands over itself.
function picture(size, otherSize, both, title) {
  const either = size + otherSize - both;
  if (!either) return el("p", { class: "note" }, "Nobody is in either of them.");
  const at = (number) => ((number / either) * WIDTH).toFixed(1);
  const bar = (kind, from, length, row) => shape("rect", { class: kind, x: at(from), y: row * (BAR + GAP), width: at(length), height: BAR, rx: 2 });
  const label = `${people(size)} in this audience, ${count(otherSize)} in “${title}”, ${count(both)} in both`;
  return shape("svg", { class: "overlap-bars", viewBox: `0 0 ${WIDTH} ${2 * BAR + GAP}`, role: "img", "aria-label": label },
    bar("one", 0, size, 0), bar("other", size - both, otherSize, 1), bar("both", size - both, both, 0), bar("both", size - both, both, 1));
}
