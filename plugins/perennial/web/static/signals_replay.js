// Replays through Airflow's own API, with the reader's own rights, and says what became of the rows.
import { read, readAirflow, sendAirflow } from "./signals_http.js";

const POLL_MS = 1_500;
const LONG_QUEUED_MS = 15_000;
const ENDED = ["success", "failed"];
const rows = (number) => `${number.toLocaleString("en")} ${number === 1 ? "row" : "rows"}`;

export class Replay {
  constructor(node, dataset, ended) {
    Object.assign(this, { node, dataset, ended, waiting: 0, run: null });
    this.dag = node.dataset.dag;
    this.said = node.querySelector("#replay-said");
    this.link = node.querySelector("#replay-run");
    this.button = node.querySelector("#replay-all");
    this.button.addEventListener("click", () => this.start(null));
  }

  get path() {
    return `dags/${encodeURIComponent(this.dag)}/dagRuns`;
  }

  counted(waiting) {
    this.waiting = waiting;
    this.button.disabled = !waiting || this.run !== null;
    this.button.textContent = waiting ? `Replay ${rows(waiting)}` : "Replay corrected rows";
    if (!this.said.textContent || this.idle) this.say(waiting ? `${rows(waiting)} corrected, waiting for a replay` : "No correction waits for a replay", "", true);
  }

  say(text, state = "", idle = false) {
    this.said.textContent = text;
    this.node.querySelector("p").dataset.state = state;
    this.idle = idle;
  }

  // A run of this dataset that goes on already is followed, wherever it was started.
  async resume() {
    try {
      const { dag_runs: runs } = await readAirflow(`${this.path}?order_by=-run_after&limit=5`);
      const going = runs.find((run) => !ENDED.includes(run.state) && run.conf?.dataset === this.dataset);
      if (going) await this.follow(going);
    } catch {
      // The Dag may not be there yet: whoever starts a replay is told.
    }
  }

  // `ids` of rows, or null for all that are corrected; `extra` goes into the run's configuration as well.
  async start(ids, extra = {}) {
    this.button.disabled = true;
    this.say("Asking Airflow for a replay…", "queued");
    try {
      const run = await sendAirflow(this.path, { logical_date: null, conf: { dataset: this.dataset, ids, ...extra } });
      await this.follow(run);
    } catch (problem) {
      this.run = null;
      this.button.disabled = !this.waiting;
      this.say(problem.status === 404 ? `Airflow has no Dag ${this.dag}` : problem.message, "failed");
    }
  }

  // A replay is a batch as well: the newest one tells what became of the rows.
  async last() {
    const found = await read(`batches?size=1&source=replay&dataset=${encodeURIComponent(this.dataset)}`);
    return found.rows[0] ?? null;
  }

  async follow(run) {
    this.run = run;
    this.link.hidden = false;
    this.link.dataset.airflow = `/dags/${this.dag}/runs/${encodeURIComponent(run.dag_run_id)}`;
    this.button.disabled = true;
    const since = Date.now();
    let now = run;
    while (!ENDED.includes(now.state)) {
      const late = now.state === "queued" && Date.now() - since > LONG_QUEUED_MS;
      this.say(late ? "Still queued: is the Dag paused, or the scheduler busy?" : now.state === "queued" ? "Queued" : "Running", now.state);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      now = await readAirflow(`${this.path}/${encodeURIComponent(run.dag_run_id)}`);
    }
    this.run = null;
    this.say(now.state === "failed" ? "The replay failed; the log of its run says why" : told(await this.last()), now.state);
    await this.ended();
  }
}

function told(batch) {
  if (!batch) return "The replay is done";
  const parts = [
    [batch.accepted, "taken"],
    [batch.duplicate, "known already"],
    [batch.failed, "still bad, and open"],
  ].filter(([number]) => number > 0);
  return `Replayed: ${parts.map(([number, what]) => `${rows(number)} ${what}`).join(", ")}`;
}
