// What the widget would show, a moment after the last change: drawn as on its dashboard, or why it cannot be.
import { drawChart, forget } from "./chart.js";
import { missing, titleOf } from "./composer_draft.js";
import { preview, records } from "./composer_http.js";
import { sentence } from "./composer_model.js";
import { el } from "./dom.js";
import { number } from "./number.js";
import { table } from "./table.js";

const PAUSE_MS = 250;

export class Preview {
  // `selection()` gives {filters, known, day?, period?}; `config` is Vega's for each theme; `answered({data, errors})`.
  constructor(node, model, { selection, config, status, answered }) {
    Object.assign(this, { node, model, selection, config, answered, data: null, view: "chart", asking: null, timer: 0 });
    this.body = node.querySelector(".body");
    this.status = status;
    this.redraw = () => this.data && this.draw();
    document.addEventListener("themechange", this.redraw);
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
    document.removeEventListener("themechange", this.redraw);
    this.clear();
  }

  document(draft) {
    return { id: draft.id ?? "draft", ...draft, title: titleOf(this.model, draft) };
  }

  request(draft) {
    return { widget: this.document(draft), ...this.selection() };
  }

  ask(draft, soon = PAUSE_MS) {
    this.draft = draft;
    clearTimeout(this.timer);
    this.asking?.abort();
    const open = missing(draft, this.model);
    this.head();
    if (open) {
      this.data = null;
      this.node.removeAttribute("aria-busy");
      this.answered({ data: null, errors: [] });
      if (this.view !== "records") this.say(open, "waiting");
      return;
    }
    this.node.setAttribute("aria-busy", "true");
    this.timer = setTimeout(() => this.send(draft), soon);
  }

  async send(draft) {
    const mine = (this.asking = new AbortController());
    try {
      const data = await preview(this.request(draft), mine.signal);
      if (mine.signal.aborted) return;
      this.data = data;
      this.answered({ data, errors: [] });
      this.status.textContent = `${data.truncated ? "The first " : ""}${data.rows.length.toLocaleString("en-US")} row${data.rows.length === 1 ? "" : "s"}, ${Math.round(data.elapsed_ms)} ms`;
      await this.draw();
    } catch (problem) {
      if (mine.signal.aborted) return;
      this.data = null;
      this.status.textContent = "";
      const errors = (problem.errors?.length ? problem.errors : [{ path: "", message: problem.message }]).map((one) => ({ ...one, message: sentence(one.message) }));
      this.answered({ data: null, errors });
      if (this.view !== "records") this.say(errors.map((one) => one.message).join("; "), "failed");
    }
    this.node.removeAttribute("aria-busy");
  }

  head() {
    this.node.querySelector("h2").textContent = titleOf(this.model, this.draft);
    this.node.querySelector(".titles p").textContent = this.draft.subtitle ?? "";
    this.node.className = `card widget is-${this.draft.mark} h-${this.draft.height ?? "medium"}${this.view === "chart" ? "" : " wide"}`;
    this.node.style.width = `${Math.round(((this.draft.width ?? 6) / 12) * 1180)}px`;
  }

  show(view) {
    this.view = view;
    this.node.classList.toggle("wide", view !== "chart");
    if (view === "records") return this.records();
    if (this.data) return this.draw();
    this.ask(this.draft, 0);
  }

  async draw() {
    if (this.view === "records") return;
    const { data, draft, body } = this;
    this.clear();
    if (this.view === "rows") return body.replaceChildren(table(data, { all: true }));
    if (this.view === "sql") return body.replaceChildren(el("pre", { tabindex: "0", class: "sql" }, data.sql));
    if (!data.rows.length) return this.say("No rows for this day and these filters.", "waiting");
    const config = this.config[document.documentElement.dataset.theme];
    const label = data.spec?.description ?? titleOf(this.model, draft);
    if (draft.mark === "table") return body.replaceChildren(table(data));
    if (draft.mark === "number") return number(body, { better: "neutral", ...draft, y: { column: data.roles.y } }, data, config, label);
    const host = el("div", { class: "chart" });
    body.replaceChildren(host);
    await drawChart(host, data, config, label);
  }

  async records() {
    this.clear();
    this.body.replaceChildren(el("p", { class: "note" }, "Fetching some rows…"));
    try {
      const found = await records(this.draft.query?.table ?? this.model.tables[0].name);
      if (this.view === "records") this.body.replaceChildren(found.rows.length ? table(found, { all: true }) : el("p", { class: "nothing" }, "This table has no rows yet."));
    } catch (problem) {
      this.say(problem.message, "failed");
    }
  }

  say(text, state) {
    this.clear();
    this.body.replaceChildren(el("div", { class: `nothing ${state === "failed" ? "failed" : ""}`, role: state === "failed" ? "alert" : null }, el("p", {}, text)));
  }

  clear() {
    for (const host of this.body.querySelectorAll(".chart, .spark")) forget(host);
  }
}

