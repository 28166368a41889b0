// A result: rows in pages, a quick chart, files; or what went wrong, and where.
import { drawChart } from "./chart.js";
import { el } from "./dom.js";
import { chart, file, one } from "./query_http.js";

const MARKS = { bar: "Bars", line: "Line", area: "Area", point: "Points" };

export class Result {
  constructor(card, config) {
    Object.assign(this, { card, config, query: null, picked: null, asked: 0 });
    const at = (id) => card.querySelector(id);
    Object.assign(this, { said: at("#said"), rows: at("#panel-table"), drawing: at("#panel-chart"), pager: at("#pager"), files: at("#downloads"), tabs: [at("#tab-table"), at("#tab-chart")] });
    this.tabs.forEach((tab, index) => {
      tab.addEventListener("click", () => this.turn(index));
      tab.addEventListener("keydown", (event) => {
        if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
        this.turn(1 - index);
        this.tabs[1 - index].focus();
      });
    });
    document.addEventListener("themechange", () => this.draw());
  }

  turn(index) {
    this.tabs.forEach((tab, place) => {
      tab.setAttribute("aria-selected", String(place === index));
      tab.tabIndex = place === index ? 0 : -1;
    });
    this.rows.hidden = index !== 0;
    this.drawing.hidden = index !== 1;
    this.pager.hidden = index !== 0 || !this.query?.page || this.query.page.of < 2;
    if (index === 1) this.draw();
  }

  running(since, state) {
    this.card.dataset.state = "running";
    this.files.hidden = true;
    const seconds = Math.floor((Date.now() - since) / 1000);
    const words = state === "queued" ? "Waiting for its turn" : "Running";
    const clock = this.said.querySelector(".clock span");
    if (clock) clock.textContent = `${words} … ${seconds} s`;
    else this.said.replaceChildren(el("span", { class: "clock" }, el("i", { "aria-hidden": "true" }), el("span", {}, `${words} …`)));
  }

  show(query) {
    this.query = query;
    this.card.dataset.state = "done";
    this.files.hidden = false;
    for (const link of this.files.querySelectorAll("a")) link.href = file(query.id, link.dataset.download);
    const count = `${query.rows.toLocaleString("en")} ${query.rows === 1 ? "row" : "rows"}`;
    const snapshots = Object.entries(query.snapshots ?? {}).map(([name, number]) => `${name.replace("/", ".")} at snapshot ${number}`);
    const parts = [el("strong", {}, query.truncated ? `The first ${count}` : count), ` in ${time(query.milliseconds)}`];
    if (query.peak_megabytes) parts.push(` · ${query.peak_megabytes.toLocaleString("en")} MB`);
    if (query.truncated) parts.push(" · the files have all of them");
    this.said.replaceChildren(...parts);
    this.said.title = snapshots.join("\n");
    this.page(query.page);
    this.controls();
    this.turn(this.tabs[1].getAttribute("aria-selected") === "true" ? 1 : 0);
  }

  fail(problem) {
    this.query = null;
    this.card.dataset.state = "failed";
    this.files.hidden = true;
    this.said.replaceChildren();
    const calm = problem.kind === "cancelled";
    this.rows.replaceChildren(el("div", { class: calm ? "nothing" : "nothing failed", role: "alert" }, el("p", {}, el("strong", {}, problem.message)), problem.hint ? el("p", {}, problem.hint) : null));
    this.drawing.replaceChildren();
    this.turn(0);
  }

  page(page) {
    if (!page) {
      this.rows.replaceChildren(el("div", { class: "nothing" }, el("p", {}, "The rows of this query are not kept any more. Run it again.")));
      return;
    }
    const { columns } = this.query;
    const plan = columns.length === 1 && columns[0].name === "plan";
    const start = (page.number - 1) * page.size;
    const heads = columns.map((column) => el("th", { scope: "col", class: column.kind === "quantitative" ? "numeric" : null }, column.name, el("span", { class: "type" }, column.type.toLowerCase())));
    const body = page.rows.map((row, index) =>
      el("tr", {}, plan ? null : el("td", { class: "row-number" }, String(start + index + 1)), ...row.map((value, place) => cell(value, columns[place], plan))),
    );
    const head = plan ? null : el("thead", {}, el("tr", {}, el("th", { "aria-label": "Number" }), ...heads));
    const table = el("table", {}, head, el("tbody", {}, ...body));
    const empty = page.rows.length ? null : el("div", { class: "nothing" }, el("p", {}, "No rows."));
    this.rows.replaceChildren(el("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Rows" }, table), ...(empty ? [empty] : []));
    this.turnPages(page);
  }

  turnPages(page) {
    this.pager.hidden = page.of < 2;
    const go = async (number) => {
      for (const button of this.pager.querySelectorAll("button")) button.disabled = true;
      try {
        const { page: next } = await one(this.query.id, { page: number });
        this.query.page = next;
        this.page(next);
      } catch (problem) {
        this.said.textContent = problem.message;
      }
    };
    const button = (label, number) => el("button", { type: "button", class: "button quiet", disabled: number < 1 || number > page.of, on: { click: () => go(number) } }, label);
    const first = (page.number - 1) * page.size + 1;
    const words = `Rows ${first.toLocaleString("en")} to ${(first + page.rows.length - 1).toLocaleString("en")} of ${this.query.rows.toLocaleString("en")}`;
    this.pager.replaceChildren(el("span", {}, words), el("span", { class: "row" }, button("First", page.number === 1 ? 0 : 1), button("Back", page.number - 1), button("Next", page.number + 1), button("Last", page.number === page.of ? page.of + 1 : page.of)));
  }

  // A first guess at a chart: days or names across, a number up.
  controls() {
    const { columns, id } = this.query;
    const numbers = columns.flatMap((column, place) => (column.kind === "quantitative" ? [place] : []));
    const times = columns.flatMap((column, place) => (column.kind === "temporal" ? [place] : []));
    const names = columns.flatMap((column, place) => (column.kind === "nominal" ? [place] : []));
    const x = columns[0].kind === "quantitative" ? (times[0] ?? names[0] ?? 0) : 0;
    const y = numbers.find((place) => place !== x) ?? numbers[0] ?? 0;
    const before = this.picked;
    // Few names beside a day and a number: one line for each of them.
    const few = names.find((place) => place !== x && new Set((this.query.page?.rows ?? []).map((row) => row[place])).size <= 6);
    const same = before && before.of === JSON.stringify(columns);
    this.picked = same ? { ...before, id } : { id, of: JSON.stringify(columns), mark: columns[x].kind === "temporal" ? "line" : "bar", x, y, color: columns.length > 2 && few !== undefined ? few : "" };
    const pick = (name, label, options) => {
      const select = el("select", { name }, ...options.map(([value, text]) => el("option", { value, selected: String(value) === String(this.picked[name]) }, text)));
      select.addEventListener("change", () => ((this.picked[name] = select.value), this.draw()));
      return el("label", { class: "field" }, el("span", {}, label), select);
    };
    const all = columns.map((column, place) => [place, column.name]);
    const fields = [pick("mark", "Chart", Object.entries(MARKS)), pick("x", "Across", all), pick("y", "Up", all), pick("color", "Colour", [["", "–"], ...all])];
    this.place = el("div", { class: "chart-place" });
    this.drawing.replaceChildren(el("div", { class: "controls chart-controls" }, ...fields), this.place);
  }

  async draw() {
    if (!this.query?.page || this.drawing.hidden) return;
    const { id, mark, x, y, color } = this.picked;
    const asked = ++this.asked;
    try {
      const data = await chart(id, { mark, x, y, color });
      if (asked !== this.asked) return; // a newer choice has overtaken this one
      const host = el("div", { class: "chart" });
      this.place.replaceChildren(host);
      await vega(this.config.vega);
      await drawChart(host, data, this.config.themes[document.documentElement.dataset.theme], data.spec.description);
      this.place.dataset.drawn = "true";
    } catch (problem) {
      this.place.replaceChildren(el("div", { class: "nothing" }, el("p", {}, problem.message)));
    }
  }
}

// Vega is large: it is fetched when the first chart is asked for.
let loading = null;
const vega = (address) =>
  (loading ??= new Promise((resolve, reject) => {
    const script = el("script", { src: address, on: { load: resolve, error: () => reject(new Error("The drawing program cannot be loaded. Reload the page.")) } });
    document.head.append(script);
  }));

function cell(value, column, plan) {
  if (value === null) return el("td", { class: column.kind === "quantitative" ? "numeric" : null }, el("span", { class: "none" }, "null"));
  const text = typeof value === "object" ? JSON.stringify(value) : column.kind === "temporal" ? moment(value) : typeof value === "number" ? number(value, column) : String(value);
  return el("td", { class: plan ? "plan-text" : column.kind === "quantitative" ? "numeric" : null, title: text.length > 40 && !plan ? text : null }, text);
}

// Decimals with all their digits: 460.90 dollars.
const number = (value, column) => {
  const scale = /^(?:decimal|numeric)\(\d+, ?(\d+)\)$/i.exec(column.type)?.[1];
  return scale ? value.toFixed(scale) : String(value);
};
const moment = (value) => String(value).replace("T", " ").replace(/\+00:00$/, "Z");
const time = (milliseconds) => (milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`);
