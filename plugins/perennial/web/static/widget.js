// One tile: fetches its data, draws it, and says plainly when there is nothing or something is wrong.
import { drawChart, forget } from "./chart.js";
import { el } from "./dom.js";
import { number } from "./number.js";
import { table } from "./table.js";
import { show } from "./viewer.js";
import { inTable, lead, note, onMarks } from "./widget_picks.js";

export class Widget {
  constructor(node, document_, board) {
    Object.assign(this, { node, widget: document_, board, data: null, asked: 0 });
    this.body = node.querySelector(".body");
    const menu = node.querySelector(".menu");
    menu.addEventListener("click", (event) => {
      const view = event.target.closest("[data-view]")?.dataset.view;
      if (view) show(view, this.widget, this.data, inTable(this));
      if (event.target.closest(".menu-list")) menu.open = false;
    });
    document.addEventListener("themechange", () => this.data && this.draw());
  }

  address(kind = "", extra = {}) {
    const query = this.board.selection(this.widget.id);
    for (const [key, value] of Object.entries(extra)) query.set(key, value);
    const base = `${document.body.dataset.root}api/dashboards/${this.board.name}/widgets/${this.widget.id}`;
    return `${base}${kind && "/" + kind}?${query}`;
  }

  // What changed elsewhere may not matter here: then only what is picked is marked anew.
  refresh() {
    if (!this.data || this.address() !== this.loaded) return this.load();
    const body = this.body.querySelector(":scope > .table");
    lead(this);
    return body ? body.mark() : this.draw();
  }

  async load() {
    this.loaded = this.board.ask ? "" : this.address();
    const asked = ++this.asked;
    this.node.setAttribute("aria-busy", "true");
    this.node.dataset.state = "loading";
    for (const link of this.node.querySelectorAll("[data-export]")) {
      const theme = link.dataset.export === "csv" ? {} : { theme: document.documentElement.dataset.theme };
      link.href = this.address(link.dataset.export, theme);
    }
    let data;
    let problem = null;
    try {
      const response = await (this.board.ask?.(this.widget) ?? fetch(this.address(), { headers: { accept: "application/json" } }));
      data = await response.json();
      if (!response.ok) problem = { status: response.status, ...data };
    } catch {
      problem = { detail: "Airflow does not answer.", hint: "Check your connection, then try again." };
    }
    if (asked !== this.asked) return; // a newer request has overtaken this one
    this.data = problem ? null : data;
    this.widget = this.data?.widget ?? this.widget; // a draft is read by the server
    note(this);
    if (problem) this.fail(problem);
    else await this.draw();
    this.node.setAttribute("aria-busy", "false");
  }

  async draw() {
    const config = this.board.config[document.documentElement.dataset.theme];
    const { widget, data, body } = this;
    if (widget.mark === "text") return this.prose();
    if (!data.rows.length || (widget.mark === "number" && valueOf(widget, data) === null)) return this.empty();
    const label = data.spec?.description ?? widget.title;
    if (widget.mark === "number") await number(body, widget, data, config, label);
    else if (widget.mark === "table") body.replaceChildren(table(data, inTable(this)));
    else await this.chart(config, label);
    this.node.dataset.state = "drawn";
  }

  // The server has made sure that the text is only text.
  prose() {
    const text = el("div", { class: "prose" });
    text.innerHTML = this.data.html;
    this.body.replaceChildren(text);
    this.node.dataset.state = "drawn";
  }

  async chart(config, label) {
    let host = this.body.querySelector(":scope > .chart");
    if (!host) {
      host = el("div", { class: "chart" });
      this.body.replaceChildren(host);
    }
    await drawChart(host, this.data, config, label, { picks: onMarks(this), zoom: this.board.zoom });
  }

  empty(words = this.widget.empty) {
    this.clear();
    this.node.dataset.state = "empty";
    const picture = el("img", { src: `${document.body.dataset.root}static/page/empty.svg`, alt: "", width: 40, height: 40 });
    this.body.replaceChildren(el("div", { class: "nothing" }, this.widget.mark === "number" ? null : picture, el("p", {}, words)));
  }

  fail({ status, detail, hint, kind }) {
    if (kind === "missing") return this.empty(detail);
    this.clear();
    this.node.dataset.state = "failed";
    const signedOut = status === 401;
    const words = signedOut ? "You are signed out." : typeof detail === "string" ? detail : "Something went wrong.";
    const again = el("button", { type: "button", class: "button quiet", on: { click: () => (signedOut ? location.reload() : this.load()) } }, signedOut ? "Sign in" : "Try again");
    this.body.replaceChildren(el("div", { class: "nothing failed", role: "alert" }, el("p", {}, el("strong", {}, words)), hint ? el("p", {}, hint) : null, again));
  }

  clear() {
    for (const host of this.body.querySelectorAll(".chart, .spark")) forget(host);
  }
}

function valueOf(widget, data) {
  return data.rows.at(-1)[data.columns.findIndex((column) => column.name === widget.y.column)];
}
