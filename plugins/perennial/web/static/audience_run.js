// Evaluates audiences through Airflow's own API, with the reader's own rights, and follows the run to its end.
import { readAirflow, sendAirflow } from "./signals_http.js";

const POLL_MS = 1_500;
const LONG_QUEUED_MS = 15_000;
const ENDED = ["success", "failed"];

export class Evaluation {
  // `ended()` is told when a run has succeeded, so that the page shows its result.
  constructor(node, ended) {
    Object.assign(this, { node, ended, going: false });
    this.dag = node.dataset.dag;
    this.said = node.querySelector("[data-said]");
    this.link = node.querySelector("[data-run]");
    this.button = node.querySelector("[data-evaluate]");
    this.day = node.querySelector("input[type=date]");
    this.button?.addEventListener("click", () => this.start());
  }

  get path() {
    return `dags/${encodeURIComponent(this.dag)}/dagRuns`;
  }

  say(text, state = "") {
    this.said.textContent = text;
    this.said.closest("p").dataset.state = state;
  }

  // A run that goes on already is followed, wherever it was started.
  async resume() {
    try {
      const { dag_runs: runs } = await readAirflow(`${this.path}?order_by=-run_after&limit=5`);
      const going = runs.find((run) => !ENDED.includes(run.state));
      if (going) await this.follow(going);
    } catch {
      // The Dag may not be there yet: whoever starts a run is told.
    }
  }

  async start() {
    if (this.going) return;
    if (!this.day.value) {
      this.day.focus();
      return this.say("Choose the day as of which it is evaluated", "failed");
    }
    this.button.disabled = true;
    this.say("Asking Airflow for a run…", "queued");
    try {
      await this.follow(await sendAirflow(this.path, { logical_date: null, conf: { as_of: this.day.value } }));
    } catch (problem) {
      this.say(problem.status === 404 ? `Airflow has no Dag ${this.dag}` : problem.message, "failed");
    }
    this.going = false;
    this.button.disabled = false;
  }

  async follow(run) {
    this.going = true;
    if (this.button) this.button.disabled = true;
    this.link.hidden = false;
    this.link.dataset.airflow = `/dags/${this.dag}/runs/${encodeURIComponent(run.dag_run_id)}`;
    const since = Date.now();
    let now = run;
    while (!ENDED.includes(now.state)) {
      const late = now.state === "queued" && Date.now() - since > LONG_QUEUED_MS;
      this.say(late ? "Still queued: is the Dag paused, or the scheduler busy?" : now.state === "queued" ? "Queued" : "Running", now.state);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      now = await readAirflow(`${this.path}/${encodeURIComponent(run.dag_run_id)}`);
    }
    this.going = false;
    if (this.button) this.button.disabled = false;
    const day = run.conf?.as_of ? ` as of ${run.conf.as_of}` : "";
    this.say(now.state === "failed" ? "The run failed; its log says why" : `Evaluated${day}`, now.state);
    if (now.state === "success") await this.ended();
  }
}
