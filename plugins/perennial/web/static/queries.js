// The Queries page: an editor, what there is to query, and what came of it.
import "./airflow.js";
import { Editor } from "./query_editor.js";
import { one, remove, submit } from "./query_http.js";
import { History, Saved, Scheduled } from "./query_lists.js";
import { Parameters } from "./query_parameters.js";
import { Result } from "./query_result.js";
import { Suggestions } from "./query_suggest.js";
import { Tables } from "./query_tables.js";
import { parametersOf } from "./query_words.js";

const DRAFT = "perennial.queries.draft";
const ABOUT = {
  lake: "DuckDB over the lake’s tables; area.table, with snapshots: SINCE 12, AS OF 30, BETWEEN 10 AND 20",
  store: "PostgreSQL: the reporting tables that the dashboards read",
};
const by = (id) => document.getElementById(id);
const config = JSON.parse(by("config").textContent);
const lake = Boolean(document.querySelector("[data-dialect=lake]")); // who may not look people up has the store only
const work = { dialect: lake ? "lake" : "store", template: null, running: null };

const editor = new Editor(by("editor"), { run, changed });
const parameters = new Parameters(by("parameters"));
const result = new Result(by("result"), config);
const tables = new Tables(by("panel-tables"), { insert: (text) => editor.insert(text), begin });
const saved = new Saved(by("panel-saved"), openTemplate);
const past = new History(by("panel-history"), openPast);
const plans = new Scheduled(by("panel-scheduled"), openPlan);
const panels = { tables: null, saved, history: past, scheduled: plans };
new Suggestions(editor, by("suggestions"), () => tables.names);

function changed() {
  if (work.template && editor.text !== work.template.sql) work.template = null;
  parameters.show(parametersOf(editor.text), work.template?.parameters);
  by("run").disabled = !editor.text.trim() || Boolean(work.running);
  try {
    localStorage.setItem(DRAFT, JSON.stringify({ sql: editor.text, dialect: work.dialect }));
  } catch {
    // Without storage, a draft is gone with the page.
  }
}

function choose(dialect) {
  work.dialect = dialect;
  for (const button of document.querySelectorAll("[data-dialect]")) {
    button.setAttribute("aria-checked", String(button.dataset.dialect === dialect));
    button.tabIndex = button.dataset.dialect === dialect ? 0 : -1;
  }
  by("about").textContent = by("about").title = ABOUT[dialect];
  changed();
  return tables.show(dialect);
}

async function run() {
  if (work.running || !editor.text.trim()) return;
  const values = parameters.read();
  if (values === null) return result.fail({ message: "A value is missing.", hint: "Fill in what is marked below the query.", kind: "parameter" });
  const { text, start } = editor.chosen;
  const whole = start === 0 && text === editor.text;
  const named = new Set(parametersOf(text));
  const asked = Object.fromEntries(Object.entries(values).filter(([name]) => named.has(name)));
  const body = whole && work.template ? { template: work.template.name, parameters: values } : { sql: text, dialect: work.dialect, parameters: asked };
  const since = Date.now();
  const job = { id: null, cancelled: false };
  work.running = job;
  editor.mark(null);
  busy(true);
  result.running(since);
  const clock = setInterval(() => result.running(since, job.state), 500);
  try {
    let answer = await submit(body);
    job.id = answer.id;
    while (answer.state === "queued" || answer.state === "running") {
      job.state = answer.state;
      if (job.cancelled) await remove(job.id).catch(() => null);
      answer = await one(job.id, { wait: job.cancelled ? 1 : 4 });
    }
    past.now = job.id;
    if (answer.error) failed(answer.error, start);
    else result.show(answer);
  } catch (problem) {
    failed(problem, start);
  }
  clearInterval(clock);
  work.running = null;
  busy(false);
  if (!by("panel-history").hidden) past.show();
}

function failed(problem, start) {
  const place = problem.place ? problem.place.map((at) => at + start) : null;
  editor.mark(place);
  const line = place ? editor.text.slice(0, place[0]).split("\n").length : null;
  result.fail({ ...problem, message: line && editor.text.includes("\n") ? `Line ${line}: ${problem.message}` : problem.message });
}

function busy(is) {
  by("cancel").hidden = !is;
  by("run").disabled = is || !editor.text.trim();
  by("result").setAttribute("aria-busy", String(is));
}

async function cancel() {
  const job = work.running;
  if (!job) return;
  job.cancelled = true;
  if (job.id) await remove(job.id).catch(() => null);
}

function begin(table) {
  work.template = null;
  editor.text = `SELECT *\nFROM ${table.full}\nLIMIT 100`;
  run();
}

async function openTemplate(template) {
  work.template = template;
  parameters.kept = {};
  editor.text = template.sql;
  await choose(template.dialect);
  editor.area.focus();
}

async function openPast(query) {
  const template = query.template ? await saved.named(query.template).catch(() => null) : null;
  work.template = template?.sql === query.sql ? template : null;
  editor.text = query.sql;
  await choose(query.dialect);
  parameters.set(query.parameters);
  past.now = query.id;
  const found = await one(query.id).catch((problem) => ({ error: problem }));
  if (found.error) failed(found.error, 0);
  else if (found.columns) result.show(found);
  past.show();
}

async function openPlan(plan) {
  work.template = null;
  editor.text = plan.sql;
  await choose(plan.dialect);
}

function turn(name) {
  for (const each of Object.keys(panels)) {
    const on = each === name;
    by(`panel-${each}`).hidden = !on;
    by(`tab-${each}`).setAttribute("aria-selected", String(on));
    by(`tab-${each}`).tabIndex = on ? 0 : -1;
  }
  panels[name]?.show();
}

function arrows(buttons, pick) {
  buttons.forEach((button, index) => {
    button.addEventListener("click", () => pick(button));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = buttons[(index + step + buttons.length) % buttons.length];
      next.focus();
      pick(next);
    });
  });
}

arrows([...document.querySelectorAll(".side-tabs button")], (button) => turn(button.id.replace("tab-", "")));
arrows([...document.querySelectorAll("[data-dialect]")], (button) => choose(button.dataset.dialect));
by("run").addEventListener("click", run);
by("cancel").addEventListener("click", cancel);
by("fresh").addEventListener("click", () => {
  work.template = null;
  editor.text = "";
  editor.area.focus();
});

let draft = {};
try {
  draft = JSON.parse(localStorage.getItem(DRAFT)) ?? {};
} catch {
  draft = {};
}
editor.text = draft.sql ?? "";
choose(lake && draft.dialect !== "store" ? "lake" : "store").then(() => (document.documentElement.dataset.drawn = "true"));
