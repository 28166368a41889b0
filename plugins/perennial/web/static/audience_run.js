// Evaluates audiences through Airflow's own API, with the reader's own rights, and follows the run to its end.
import { address, begin, followed, underWay } from "./dag_runs.js";

export class Evaluation {
  // `ended()` is told when a run has ended, so that the page shows its result.
  constructor(node, ended) {
    Object.assign(this, { node, ended, going: false });
    this.dag = node.dataset.dag;
    this.said = node.querySelector("[data-said]");
    this.link = node.querySelector("[data-run]");
    this.button = node.querySelector("[data-evaluate]");
    this.day = node.querySelector("input[type=date]");
    this.button?.addEventListener("click", () => this.start());
  }

  say(text, state = "") {
    this.said.textContent = text;
    this.said.closest("p").dataset.state = state;
  }

  // A run that goes on already is followed, wherever it was started.
  async resume() {
    const run = await underWay(this.dag);
    if (run) await this.attempt(this.follow(run));
  }

  async start() {
    if (this.going) return;
    if (!this.day.value) {
      this.day.focus();
      return this.say("Choose the day as of which it is evaluated", "failed");
    }
    this.button.disabled = true;
    this.say("Asking Airflow for a run…", "queued");
    await this.attempt(begin(this.dag, { as_of: this.day.value }).then((run) => this.follow(run)));
  }

  async attempt(work) {
    try {
      await work;
    } catch (problem) {
      this.say(problem.message, "failed");
    }
    this.going = false;
    if (this.button) this.button.disabled = false;
  }

  async follow(run) {
    this.going = true;
    if (this.button) this.button.disabled = true;
    this.link.hidden = false;
    this.link.dataset.airflow = address(this.dag, run);
    const now = await followed(this.dag, run, (text, state) => this.say(text, state));
    const day = run.conf?.as_of ? ` as of ${run.conf.as_of}` : "";
    this.say(now.state === "failed" ? "The run failed, of this audience or another one; its log says why" : `Evaluated${day}`, now.state);
    await this.ended(); // also of a run that failed: of other audiences, or of this one, there is something new
  }
}
