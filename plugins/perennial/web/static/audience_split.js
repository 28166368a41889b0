// A dialog that asks for an audience's parts; a draft for each of them, out.
import { el } from "./dom.js";
import { split } from "./audience_http.js";
import { quiet } from "./audience_controls.js";
import { icon } from "./audience_icons.js";
import { nameProblem, slug } from "./audience_words.js";

const HUNDREDTHS = 100; // percents are counted in whole hundredths: floats do not add up
const counted = (input) => Math.round(Number(input.value) * HUNDREDTHS);

export class Splitter {
  // `made(names)` is told of the drafts.
  constructor(dialog, name, made) {
    Object.assign(this, { dialog, name, made, title: name });
    this.list = dialog.querySelector("[data-parts]");
    this.said = dialog.querySelector("[data-said]");
    this.create = dialog.querySelector("[data-create]");
    const more = dialog.querySelector("[data-more]");
    more.prepend(icon("plus"));
    more.addEventListener("click", () => this.add("", this.rest).focus());
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.list.addEventListener("input", () => this.judge());
  }

  open(title) {
    this.title = title;
    this.list.replaceChildren();
    for (const letter of ["A", "B"]) this.add(`${title}, ${letter}`, 50);
    this.judge();
    this.dialog.showModal();
  }

  add(title, percent) {
    const name = el("input", { type: "text", "data-title": "", "aria-label": "Title of the part", value: title, maxlength: "200", autocomplete: "off" });
    const share = el("input", { type: "number", "data-share": "", "aria-label": "Percent", min: "0", max: "100", step: "any", value: percent });
    const row = el("li", {}, name, share, el("span", { class: "word" }, "%"), quiet("close", "Remove this part", () => this.remove(row)));
    this.list.append(row);
    this.judge();
    return name;
  }

  remove(row) {
    row.remove();
    this.judge();
    this.list.querySelector("input")?.focus();
  }

  get rows() {
    return [...this.list.children].map((row) => ({ row, title: row.querySelector("[data-title]"), share: row.querySelector("[data-share]") }));
  }

  get total() {
    return this.rows.reduce((sum, { share }) => sum + counted(share), 0);
  }

  get rest() {
    return Math.max(0, 100 * HUNDREDTHS - this.total) / HUNDREDTHS;
  }

  get problem() {
    if (!this.rows.length) return "Add a part.";
    for (const { title, share } of this.rows) {
      if (!title.value.trim()) return "Give each part a title.";
      if (nameProblem(slug(title.value))) return `“${title.value.trim()}” makes no name: use letters.`;
      if (!(counted(share) > 0 && counted(share) < 100 * HUNDREDTHS)) return "Each part is more than 0 % and less than 100 %.";
    }
    const names = this.rows.map(({ title }) => slug(title.value));
    if (new Set(names).size < names.length) return "Two parts have the same title.";
    return this.total > 100 * HUNDREDTHS ? `The parts come to ${this.total / HUNDREDTHS} %: there is 100 %.` : null;
  }

  judge() {
    const { problem, rest } = this;
    this.create.disabled = Boolean(problem);
    this.say(problem ?? (rest ? `${rest} % of the people are in no part.` : "Everybody is in one part."), problem ? "bad" : "");
  }

  say(text, mood) {
    this.said.textContent = text;
    this.said.className = mood;
  }

  async send() {
    const parts = this.rows.map(({ title, share }) => ({ name: slug(title.value), title: title.value.trim(), share: counted(share) / (100 * HUNDREDTHS) }));
    this.create.disabled = true;
    this.say("Creating…", "");
    try {
      await split(this.name, parts);
      this.dialog.close();
      this.made(parts);
    } catch (problem) {
      this.say(problem.message, "bad");
    }
    this.create.disabled = false;
  }
}
