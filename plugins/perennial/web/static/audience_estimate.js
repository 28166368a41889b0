// How many people the rule is about right now: asked a moment after the last change, and shown beside the rule.
import { el } from "./dom.js";
import { estimate } from "./audience_http.js";
import { bar } from "./audience_icons.js";
import { count, day, people, percent, valueWords } from "./audience_words.js";

const PAUSE_MS = 400;
const COLUMNS = 5;

export class Estimate {
  // `answered({sentence, errors})` is told what came back.
  constructor(node, answered) {
    Object.assign(this, { node, answered, timer: 0, asking: null, last: null });
    this.body = node.querySelector("[data-body]");
    this.said = node.querySelector("[data-said]");
    this.heard = node.querySelector("[data-heard]"); // all that is read aloud of it
  }

  // `question` is what the API is asked; null with a sentence, where there is nothing to ask yet.
  ask(question, why = "") {
    clearTimeout(this.timer);
    this.asking?.abort();
    if (!question) {
      this.node.dataset.state = "waiting";
      this.node.removeAttribute("aria-busy");
      return this.say(why);
    }
    this.node.setAttribute("aria-busy", "true");
    this.say(this.last ? "Counting again…" : "Counting…");
    this.timer = setTimeout(() => this.send(question), PAUSE_MS);
  }

  async send(question) {
    const mine = (this.asking = new AbortController());
    let answer;
    try {
      answer = await estimate(question, mine.signal);
    } catch (problem) {
      if (mine.signal.aborted) return;
      this.node.removeAttribute("aria-busy");
      this.node.dataset.state = "failed";
      this.heard.textContent = problem.message;
      this.say(problem.status === 422 ? "This rule does not work yet" : problem.message);
      return this.answered({ sentence: null, errors: problem.errors?.length ? problem.errors : problem.status === 422 ? [{ path: "", message: problem.message }] : [] });
    }
    if (mine.signal.aborted) return;
    this.last = answer;
    this.node.removeAttribute("aria-busy");
    this.node.dataset.state = "ready";
    this.draw(answer);
    this.answered({ sentence: answer.sentence, errors: [] });
  }

  say(text) {
    this.said.textContent = text;
  }

  draw(answer) {
    const { size, people: all, share, as_of: asOf, seconds, snapshot, namespaces = [], sample = [] } = answer;
    const figure = el("p", { class: "size" }, el("strong", {}, count(size)), el("span", {}, ` ${size === 1 ? "person" : "people"}`));
    const of = el("p", { class: "of" }, `${percent(share)} of ${people(all)}, as of ${day(asOf)}`);
    const most = Math.max(1, ...namespaces.map((one) => one.people));
    const reach = namespaces.map((one) => el("li", {}, el("span", { class: "text" }, one.title ?? one.namespace), el("span", { class: "numeric" }, count(one.people)), bar(one.people / most)));
    const reached = namespaces.length ? [el("h3", {}, "Identities"), el("ul", { class: "reach" }, ...reach)] : [];
    this.body.replaceChildren(figure, bar(share), of, ...reached, ...samples(sample));
    this.heard.textContent = `${people(size)}, ${percent(share)} of all`;
    const hint = snapshot === null || snapshot === undefined ? "" : `Snapshot ${snapshot} of the data`;
    this.said.textContent = `Counted in ${seconds < 0.1 ? "under 0.1" : seconds.toFixed(1)} s`;
    this.said.title = hint;
  }
}

function samples(rows) {
  if (!rows.length) return [];
  const columns = Object.keys(rows[0]).slice(0, COLUMNS);
  const head = columns.map((name) => el("th", { scope: "col" }, name.replaceAll("_", " ")));
  const body = rows.map((row) => el("tr", {}, ...columns.map((name) => el("td", { class: typeof row[name] === "number" ? "numeric" : null }, cell(row[name])))));
  return [
    el("h3", {}, "Some of them"),
    el("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Some of the people" }, el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body))),
  ];
}

function cell(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
  return valueWords(value);
}
