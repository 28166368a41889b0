// Title, name, description and purpose: inputs in, the part of a definition that is no rule, out.
import { el } from "./dom.js";
import { nameProblem, slug } from "./audience_words.js";

export class About {
  constructor(form, purposes, { fixedName, changed }) {
    Object.assign(this, { form, fixed: fixedName, changed, typed: Boolean(fixedName), rest: {} });
    const { title, name, purpose } = form.elements;
    for (const one of purposes) purpose.append(el("option", { value: one.name }, one.title));
    if (fixedName) {
      name.value = fixedName;
      name.readOnly = true;
    }
    title.addEventListener("input", () => {
      if (!this.typed) name.value = slug(title.value);
      if (!title.value) this.say("title", "");
      this.check(false);
    });
    name.addEventListener("input", () => {
      this.typed = name.value !== "";
      this.check(false);
    });
    form.addEventListener("input", () => changed());
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  get name() {
    return this.fixed ?? this.form.elements.name.value;
  }

  get value() {
    const { title, description, purpose, evaluation } = this.form.elements;
    return { ...this.rest, title: title.value.trim(), description: description.value.trim(), purpose: purpose.value || null, ...(evaluation ? { evaluation: evaluation.value } : {}) };
  }

  // What the form has no input for is kept as it came.
  set value({ title = "", description = "", purpose = null, ...rest }) {
    const fields = this.form.elements;
    this.rest = rest;
    fields.title.value = title;
    fields.description.value = description;
    if (fields.evaluation) fields.evaluation.value = rest.evaluation ?? "batch";
    if (purpose && ![...fields.purpose.options].some((one) => one.value === purpose)) fields.purpose.append(el("option", { value: purpose }, `${purpose} (not there)`));
    fields.purpose.value = purpose ?? "";
    if (!this.typed) fields.name.value = slug(title);
  }

  has(field) {
    return Boolean(this.form.querySelector(`#${field.replace(/\W/g, "-")}-fault`));
  }

  say(field, problem) {
    const input = this.form.elements[field];
    this.form.querySelector(`#${field}-fault`).textContent = problem ?? "";
    if (problem) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }

  // Whether it can be saved; if `all`, also what is still empty is said, and gets the focus.
  check(all) {
    const { title, name } = this.form.elements;
    const problems = [["title", title.value.trim() ? null : "Give it a title."], ["name", this.fixed ? null : nameProblem(name.value)]];
    for (const [field, problem] of problems) if (all || !problem || (field === "name" && this.typed)) this.say(field, problem);
    const first = problems.find(([, problem]) => problem);
    if (all && first) this.form.elements[first[0]].focus();
    return !first;
  }
}
