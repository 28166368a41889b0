// What is selected above the widgets: the day, the period and the filters as a query; `changed()` is told of changes.
import { Several } from "./several.js";

const ENDED = ["last_month", "last_year"]; // they show their own last day, counted from the day that was picked

export class Controls {
  constructor(form, { days, upon }, changed) {
    Object.assign(this, { form, days, upon, changed });
    const { day, period } = form.elements;
    Object.assign(this, { day, period, since: form.querySelector("[data-since] input") });
    this.filters = [...form.querySelectorAll("[data-filter]")].map((node) => ({
      name: node.dataset.filter,
      usual: JSON.parse(node.dataset.default),
      select: node.matches("select") ? node : null,
      several: node.matches("details") ? new Several(node, () => this.changed()) : null,
    }));
    // Shows the days from one to another; there is none where there is no period.
    this.range = this.period && ((from, to) => this.between(from, to));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => this.take(event.target));
    form.addEventListener("click", (event) => this.step(event.target));
    this.show();
  }

  // Everything that is selected; with `bare`, only what is not as usual.
  query(bare = false) {
    const query = new URLSearchParams();
    for (const { name, usual, select, several } of this.filters) {
      const values = select ? [select.value] : several.values;
      if (bare && values.length === usual.length && values.every((value) => usual.includes(value))) continue;
      for (const value of values.length ? values : [""]) query.append(name, value);
    }
    if (this.period && !(bare && this.span === this.period.dataset.default)) query.set("period", this.span);
    if (!bare || this.upon !== this.days.at(-1)) query.set("day", this.upon);
    return query;
  }

  // The same as the API takes it with a draft.
  selection() {
    const filters = this.filters.map(({ name, select, several }) => [name, select ? select.value : several.values]);
    return { day: this.upon, ...(this.period ? { period: this.span } : {}), filters: Object.fromEntries(filters) };
  }

  get span() {
    return this.period.value === "since" ? this.since.value : this.period.value;
  }

  get ended() {
    return ENDED.includes(this.period?.value);
  }

  take(field) {
    if (field === this.day) return this.pick(field.value);
    this.filters.find(({ name }) => name === field.name)?.several?.show();
    if (field === this.period) this.day.value = this.ended ? this.last() : this.upon;
    this.show();
    if (!this.day.value || !this.form.checkValidity()) return this.form.reportValidity();
    this.changed();
  }

  step(target) {
    const way = target.closest("[data-step]")?.dataset.step;
    const from = this.day.value;
    if (way === "-1") this.pick(this.days.findLast((known) => known < from) ?? from);
    if (way === "1") this.pick(this.days.find((known) => known > from) ?? from);
    if (target.closest("[data-latest]")) this.pick(this.days.at(-1) ?? from);
  }

  // A day of one's own ends the month or year that was shown.
  pick(day) {
    if (!day || !this.form.checkValidity()) return this.form.reportValidity();
    if (this.ended) this.period.value = this.period.value.replace("last", "this");
    this.upon = this.days.length && !this.days.includes(day) ? this.days.findLast((known) => known <= day) ?? this.days[0] : day;
    this.day.value = this.upon;
    this.show();
    this.changed();
  }

  between(from, to) {
    this.period.value = "since";
    this.show();
    this.since.value = from;
    this.pick(to);
  }

  // The last day of the month or the year before, as far as it is there.
  last() {
    const next = this.period.value === "last_month" ? `${this.upon.slice(0, 7)}-01` : `${this.upon.slice(0, 4)}-01-01`;
    return this.days.findLast((known) => known < next) ?? new Date(Date.parse(next) - 86_400_000).toISOString().slice(0, 10);
  }

  show() {
    const day = this.day.value;
    this.day.min = this.ended ? "" : this.days[0] ?? "";
    const ways = { "-1": this.days.some((known) => known < day), 1: this.days.some((known) => known > day) };
    for (const button of this.form.querySelectorAll("[data-step]")) button.disabled = !ways[button.dataset.step];
    this.form.querySelector("[data-latest]").disabled = !this.days.length || day === this.days.at(-1);
    if (!this.period) return;
    const since = this.period.value === "since";
    this.form.querySelector("[data-since]").hidden = !since;
    this.form.querySelector("[data-until]").textContent = since ? "To" : "As of";
    Object.assign(this.since, { disabled: !since, required: since, max: day });
  }
}
