// Fields for the $parameters of a query: as its template declares them, or as texts and numbers.
import { el } from "./dom.js";

const INPUTS = { date: "date", integer: "number", number: "number" };

export class Parameters {
  constructor(form) {
    this.form = form;
    this.kept = {};
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  show(names, declared = {}) {
    const same = names.length === this.form.elements.length && names.every((name) => this.form.elements[name] && this.form.elements[name].dataset.type === (declared[name]?.type ?? ""));
    if (same) return;
    for (const field of this.form.elements) this.kept[field.name] = field.value;
    this.form.hidden = !names.length;
    this.form.replaceChildren(...names.map((name) => this.field(name, declared[name] ?? {})));
  }

  field(name, about) {
    const start = this.kept[name] ?? about.default ?? "";
    const choices = about.type === "boolean" ? [true, false] : about.choices ?? [];
    const common = { name, "data-type": about.type ?? "", autocomplete: "off", "aria-describedby": null };
    const input = choices.length
      ? el("select", common, ...choices.map((one) => el("option", { value: String(one), selected: String(one) === String(start) }, String(one))))
      : el("input", { ...common, type: INPUTS[about.type] ?? "text", step: about.type === "number" ? "any" : null, value: String(start), placeholder: about.type ? "" : "text or number" });
    input.addEventListener("input", () => input.closest(".field").classList.remove("missing"));
    return el("label", { class: "field", title: about.description || null }, el("span", {}, about.title ? `${about.title} ` : null, el("code", {}, `$${name}`)), input);
  }

  set(values) {
    for (const [name, value] of Object.entries(values)) {
      this.kept[name] = value === null ? "" : String(value);
      if (this.form.elements[name]) this.form.elements[name].value = this.kept[name];
    }
  }

  // The values for the server; numbers that are written like numbers are numbers.
  read() {
    const values = {};
    let missing = null;
    for (const field of this.form.elements) {
      const text = field.value.trim();
      if (!text) {
        field.closest(".field").classList.add("missing");
        missing ??= field;
      } else values[field.name] = field.dataset.type ? text : /^-?\d+(\.\d+)?$/.test(text) && text.length < 16 ? Number(text) : text;
    }
    missing?.focus();
    return missing ? null : values;
  }
}
