// The lists beside the editor: saved queries, one's own history, and the queries that run by themselves.
import { el } from "./dom.js";
import { readAirflow } from "./http.js";
import { history, scheduled, templates } from "./query_http.js";

const STATES = { done: "success", failed: "failed", cancelled: "", running: "running", queued: "queued" };
const note = (text) => el("p", { class: "note" }, text);

export class Saved {
  constructor(panel, open) {
    Object.assign(this, { list: panel.querySelector("[data-list]"), open, known: null });
  }

  async show() {
    try {
      this.known ??= (await templates()).templates;
    } catch (problem) {
      return this.list.replaceChildren(note(problem.message));
    }
    const items = this.known.map((one) =>
      el("button", { type: "button", class: "item", on: { click: () => this.open(one) } }, el("strong", {}, one.title), el("span", { class: "sub" }, one.description), el("span", { class: "sub" }, one.dialect === "lake" ? "Lake" : "Store", Object.keys(one.parameters).length ? ` · asks for ${Object.keys(one.parameters).length === 1 ? "a value" : `${Object.keys(one.parameters).length} values`}` : "")),
    );
    this.list.replaceChildren(...(items.length ? items : [note("No saved query yet. Put one into include/sql/templates: a file with SQL, and a title in a comment at its top.")]));
  }

  async named(name) {
    this.known ??= (await templates()).templates;
    return this.known.find((one) => one.name === name);
  }
}

export class History {
  constructor(panel, open) {
    Object.assign(this, { list: panel.querySelector("[data-list]"), find: panel.querySelector(".find"), open, now: null });
    let waiting;
    this.find.addEventListener("input", () => (clearTimeout(waiting), (waiting = setTimeout(() => this.show(), 200))));
  }

  async show(before = null) {
    let found;
    if (!this.list.children.length) this.list.replaceChildren(note("Looking …"));
    try {
      found = (await history({ search: this.find.value, before })).queries;
    } catch (problem) {
      return this.list.replaceChildren(note(problem.message));
    }
    const items = found.map((one) => this.item(one));
    const more = found.length === 50 ? el("button", { type: "button", class: "button quiet", on: { click: () => (more.remove(), this.show(found.at(-1).submitted_at)) } }, "Older ones") : null;
    if (before) this.list.append(...items);
    else this.list.replaceChildren(...(items.length ? items : [note(this.find.value ? "None of your queries has these words." : "What you run is listed here.")]));
    if (more) this.list.append(more);
  }

  item(one) {
    const line = one.sql.replace(/\s+/g, " ").trim();
    const outcome = one.state === "done" ? `${one.rows.toLocaleString("en")} rows` : one.error?.message ?? one.state;
    const dot = el("i", { class: "dot", "aria-hidden": "true" });
    const about = el("span", { class: "sub", "data-state": STATES[one.state] }, dot, `${ago(one.submitted_at)} · ${outcome}`);
    return el("button", { type: "button", class: "item", title: one.sql, "aria-current": one.id === this.now ? "true" : null, on: { click: () => this.open(one) } }, el("span", { class: "sql-line" }, line), about);
  }
}

export class Scheduled {
  constructor(panel, open) {
    Object.assign(this, { list: panel.querySelector("[data-list]"), open });
  }

  async show() {
    let found;
    try {
      found = (await scheduled()).scheduled;
    } catch (problem) {
      return this.list.replaceChildren(note(problem.message));
    }
    this.list.replaceChildren(...(found.length ? found.map((one) => this.plan(one)) : [note("No query runs by itself yet. Put one into include/sql/queries: a file with SQL, and its schedule in a comment at its top.")]));
  }

  plan(one) {
    if (one.problem) return el("div", { class: "plan" }, el("strong", {}, one.name), el("span", { class: "badge bad" }, el("i", {}), "Cannot be read"), el("p", { class: "sub wrap" }, one.problem));
    const state = el("span", { class: "sub" }, "…");
    const look = el("button", { type: "button", class: "button", on: { click: () => this.open(one) } }, "Open SQL");
    const dag = el("a", { class: "button", "data-airflow": `/dags/${one.dag}`, href: `../dags/${one.dag}` }, "Runs");
    const node = el("div", { class: "plan" }, el("strong", {}, one.title), el("span", { class: "sub" }, `${one.schedule} (UTC) → ${one.audience ? `audience ${one.audience}` : one.table.replace("/", ".")}, ${MODES[one.mode]}`), state, el("div", { class: "row" }, look, dag));
    stateOf(one).then((badge) => state.replaceWith(badge));
    return node;
  }
}

const MODES = { create: "adds rows", append: "adds rows", overwrite: "replaces all", upsert: "replaces by key" };

// A query is quarantined when Airflow has paused it after ten failures in a row.
async function stateOf(one) {
  const badge = (mood, words) => el("p", { class: "sub" }, el("span", { class: `badge ${mood}` }, el("i", {}), words));
  try {
    const [dag, { dag_runs: runs }] = await Promise.all([readAirflow(`dags/${one.dag}`), readAirflow(`dags/${one.dag}/dagRuns?order_by=-run_after&limit=10`)]);
    const last = runs[0];
    if (dag.is_paused && runs.length === 10 && runs.every((run) => run.state === "failed")) return badge("bad", "Quarantined: ten runs failed. Mend it, then unpause the Dag");
    if (dag.is_paused) return badge("", "Paused");
    if (!last) return badge("", "No run yet");
    return badge({ success: "good", failed: "bad" }[last.state] ?? "busy", `${{ success: "Succeeded", failed: "Failed", running: "Running", queued: "Waiting" }[last.state] ?? last.state} ${ago(last.end_date ?? last.run_after)}`);
  } catch (problem) {
    return badge("", problem.status === 404 ? "Airflow has not read it yet" : "Airflow does not say how it is");
  }
}

function ago(text) {
  const seconds = (Date.now() - new Date(text)) / 1000;
  const steps = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [Infinity, 86400, "d"]];
  const [, length, unit] = steps.find(([limit]) => seconds < limit);
  return seconds < 10 ? "just now" : `${Math.floor(seconds / length)} ${unit} ago`;
}
