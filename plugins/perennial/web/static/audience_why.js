// Why somebody is in an audience, or is not: a person in, every block of the rule with what was found out.
import { el } from "./dom.js";
import { eligibility } from "./audience_http.js";
import { icon } from "./audience_icons.js";
import { count, day, percent, titled, valueWords } from "./audience_words.js";

const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;
const PARTS = { purpose: "Consent to the purpose", top: "Only some of them", list: "The list" };

export class Why {
  constructor(node, name) {
    Object.assign(this, { node, name, asking: null });
    this.form = node.querySelector("form");
    this.body = node.querySelector("[data-body]");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(this.form.elements.person.value.trim());
    });
  }

  async ask(person) {
    const field = this.form.elements.person;
    field.value = person;
    if (!person) return field.focus();
    this.asking?.abort();
    const mine = (this.asking = new AbortController());
    this.say("Looking…");
    try {
      const answer = await eligibility(this.name, person, mine.signal);
      if (!mine.signal.aborted) this.draw(answer, person);
    } catch (problem) {
      if (!mine.signal.aborted) this.say(problem.message, "bad");
    }
  }

  say(text, mood = "") {
    this.body.replaceChildren(el("p", { class: `note ${mood}` }, text));
  }

  draw({ people, explanation, as_of: asOf, membership }, asked) {
    if (!people.length) return this.say(`Nobody is known as ${asked}.`);
    if (people.length > 1) {
      const choose = (one) => el("li", {}, el("button", { type: "button", class: "button", on: { click: () => this.ask(one.value) } }, `${titled(one.namespace)}: ${one.value}`));
      return this.body.replaceChildren(el("p", {}, "Several people are known by that. Whom do you mean?"), el("ul", { class: "row" }, ...people.map(choose)));
    }
    const [{ person_id: id }] = people;
    const link = el("a", { href: `${document.body.dataset.root}people/${encodeURIComponent(id)}` }, id);
    if (!explanation) return this.body.replaceChildren(el("p", {}, link, " has no profile: only people with one are in audiences."));
    const verdict = el("p", { class: `verdict ${explanation.member ? "yes" : "no"}` }, icon(explanation.member ? "yes" : "no"), el("strong", {}, explanation.member ? "In the audience" : "Not in the audience"), el("span", {}, " – ", link, `, by the definition and the profiles as of ${day(asOf)}`));
    const said = stored(membership);
    return this.body.replaceChildren(verdict, ...(said ? [el("p", { class: "note" }, said)] : []), el("ul", { class: "findings" }, ...explanation.findings.map(part)));
  }
}

function stored(membership) {
  if (!membership) return "The daily evaluations never had them as a member.";
  const { status, as_of: asOf, first_qualified: first, last_qualified: last } = membership;
  const since = first === last ? `came in on ${day(last)}` : `came in on ${day(first)} for the first time, and on ${day(last)} for the last`;
  return `By the daily evaluations they ${since}, ${status === "exited" ? "and had left" : "and were in"} as of ${day(asOf)}.`;
}

// The parts that all must hold; with several, each has a name.
function part(finding, index, all) {
  const name = PARTS[finding.path] ?? (finding.path.startsWith("purpose") ? PARTS.purpose : "The rule");
  return all.length > 1 ? el("li", {}, el("h3", {}, name), el("ul", {}, block(finding))) : block(finding);
}

function block(finding) {
  const { holds, text, inner } = finding;
  const about = el("span", { class: "what" }, text, ...found(finding));
  const line = el("p", { class: holds ? "yes" : "no" }, icon(holds ? "yes" : "no"), el("span", { class: "hide" }, holds ? "Holds: " : "Does not hold: "), about);
  return el("li", {}, line, inner.length ? el("ul", {}, ...inner.map(block)) : null);
}

function found({ kind, found: value, against }) {
  if (kind === "group" || kind === "sequence" || kind === "audience") return [];
  const words = kind === "share" ? `drawn at ${percent(value)}` : value === null ? "not known" : `found ${said(value)}`;
  const other = against === null ? "" : kind === "top" ? `; the last of them has ${said(against)}` : `, compared with ${said(against)}`;
  return [el("span", { class: "found" }, words + other)];
}

function said(value) {
  if (typeof value === "number") return Number.isInteger(value) ? count(value) : value.toLocaleString("en-US", { maximumFractionDigits: 4 });
  if (typeof value === "string" && MOMENT.test(value)) return `${day(value)}, ${value.slice(11, 16)} UTC`;
  if (typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value)) return day(value);
  return Array.isArray(value) ? value.map(said).join(", ") : valueWords(value);
}
