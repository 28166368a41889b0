// One row's editor: an input a field, each reason at its field, checked by the dataset's own rules while one types.
import { el } from "./dom.js";
import { came, control, left, original, restore, touched, whole, WHOLE } from "./signals_controls.js";
import { read, send } from "./signals_http.js";

const PAUSE_MS = 300;

export class Editor {
  constructor(dialog, path, saved, rows) {
    Object.assign(this, { dialog, path, saved, rows, row: null, controls: [], mode: "fields", asked: 0, timer: 0, warned: false });
    this.inputs = dialog.querySelector(".inputs");
    this.said = dialog.querySelector("#editor-said");
    this.form = dialog.querySelector("form");
    this.inputs.addEventListener("input", () => this.changed());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    dialog.querySelector("[data-next]").addEventListener("click", () => this.save({ next: true }));
    dialog.querySelector("[data-reset]").addEventListener("click", () => this.reset());
    dialog.querySelector("[data-close]").addEventListener("click", () => this.leave());
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.leave();
    });
  }

  async open(id) {
    this.say("Loading the row…");
    this.inputs.replaceChildren();
    this.controls = [];
    this.warned = false;
    this.asked += 1; // an answer about another row comes too late
    if (!this.dialog.open) this.dialog.showModal();
    this.busy(true);
    try {
      this.row = await read(`${this.path}/rows/${encodeURIComponent(id)}`);
    } catch (problem) {
      this.row = null;
      return this.say(problem.message, "bad");
    }
    const { file, line, batch } = this.row;
    this.dialog.querySelector("#editor-place").textContent = `Line ${line.toLocaleString("en")} of ${file}, batch ${batch}`;
    this.draw();
    this.check();
  }

  draw() {
    const { fields, corrected, reasons } = this.row;
    if (fields === null) return this.show("whole", [whole(this.row)], { [WHOLE]: corrected ? [] : reasons });
    return this.show("fields", fields.map(control), corrected ? {} : Object.fromEntries(fields.map((field) => [field.name, field.reasons])));
  }

  // A record without fields is typed anew, field by field, with what came in view.
  fill() {
    this.show("blank", this.row.blank.map(control), {}, el("pre", { tabindex: "0", class: "came" }, this.row.raw));
    this.changed();
  }

  show(mode, controls, at, above = null) {
    this.mode = mode;
    const faulty = (one) => (at[one.field.name] ?? []).length > 0;
    this.controls = [...controls].sort((a, b) => faulty(b) - faulty(a));
    this.inputs.replaceChildren(...(above ? [above] : []), ...this.controls.map((one) => one.node));
    this.inputs.querySelector("[data-fill]")?.addEventListener("click", () => this.fill());
    this.blame(at);
    this.controls[0].input.focus();
  }

  // Only what was changed is sent: the rest of the record stays as it came. An emptied field becomes null.
  draft() {
    if (this.mode === "whole") return { raw: this.controls[0].input.value };
    if (this.mode === "fields" && this.controls.every(original)) return { raw: this.row.raw };
    const texts = Object.fromEntries(this.controls.filter((one) => touched(one) && !left(one)).map(({ field, input }) => [field.name, input.value || null]));
    if (this.mode === "blank") return { raw: JSON.stringify(texts) };
    return { changes: texts, remove: this.controls.filter(left).map(({ field }) => field.name) };
  }

  get dirty() {
    return this.controls.some(touched);
  }

  changed() {
    this.warned = false;
    this.busy(!this.dirty);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), PAUSE_MS);
  }

  async check() {
    clearTimeout(this.timer);
    const asked = ++this.asked;
    if (this.mode === "blank" && !this.dirty) return this.say("Nothing is typed yet");
    this.say("Checking…");
    let answer;
    try {
      answer = await send(`${this.path}/check`, { id: this.row.id, ...this.draft() });
    } catch (problem) {
      if (asked === this.asked) this.say(problem.message, "bad");
      return;
    }
    if (asked !== this.asked) return;
    this.blame(this.mode === "whole" ? { [WHOLE]: answer.reasons } : answer.at);
    const broken = answer.reasons.length;
    this.good = answer.good;
    this.say(answer.good ? "All rules are kept: it can be replayed" : `${broken} ${broken === 1 ? "rule is" : "rules are"} broken`, answer.good ? "good" : "bad");
    this.busy(!this.dirty);
  }

  blame(at) {
    for (const one of this.controls) {
      const own = at[one.field.name] ?? [];
      one.why.textContent = own.join("; ");
      one.input.setAttribute("aria-invalid", String(own.length > 0));
      one.node.classList.toggle("faulty", own.length > 0);
      one.was.textContent = came(one);
      one.input.disabled = left(one);
    }
  }

  reset() {
    if (!this.row) return;
    const { fields, raw, corrected } = this.row;
    if (fields?.some((field) => field.came)) for (const one of this.controls) restore(one);
    else this.show("whole", [{ ...whole({ raw, corrected: null }), first: corrected ?? raw }], {});
    this.changed();
    this.controls[0].input.focus();
  }

  async save({ next = false } = {}) {
    if (!this.row || !this.dirty) return;
    const rows = this.rows();
    const { id } = this.row;
    this.busy(true);
    this.say("Saving…");
    try {
      await send(`${this.path}/corrections`, { ids: [id], ...this.draft() });
    } catch (problem) {
      this.busy(false);
      return this.say(problem.message, "bad");
    }
    const following = rows[rows.indexOf(id) + 1];
    if (next && following) {
      this.saved(null);
      return this.open(following);
    }
    this.dialog.close();
    return this.saved(id);
  }

  leave() {
    if (this.dirty && !this.warned) {
      this.warned = true;
      return this.say("Not saved yet: close again to drop your changes", "bad");
    }
    clearTimeout(this.timer);
    this.asked += 1;
    return this.dialog.close();
  }

  busy(is) {
    for (const button of this.dialog.querySelectorAll("[data-save], [data-next]")) button.disabled = is;
    this.dialog.querySelector("[data-save]").textContent = this.good === false && this.dirty ? "Save as it is" : "Save";
  }

  say(text, mood = "") {
    this.said.textContent = text;
    this.said.className = mood;
  }
}
