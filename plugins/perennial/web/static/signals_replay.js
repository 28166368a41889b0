// Replays through Airflow's own API, with the reader's own rights, and says what became of the rows.
import { address, begin, followed, underWay } from "./dag_runs.js";
import { read } from "./signals_http.js";

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
    const going = await underWay(this.dag, (run) => run.conf?.dataset === this.dataset);
    // What becomes of a run that somebody else started is told if it can be.
    if (going) await this.follow(going).catch(() => (this.run = null));
  }

  // `ids` of rows, or null for all that are corrected; `extra` goes into the run's configuration as well.
  async start(ids, extra = {}) {
    this.button.disabled = true;
    this.say("Asking Airflow for a replay…", "queued");
    try {
      await this.follow(await begin(this.dag, { dataset: this.dataset, ids, ...extra }));
    } catch (problem) {
      this.run = null;
      this.button.disabled = !this.waiting;
      this.say(problem.message, "failed");
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
    this.link.dataset.airflow = address(this.dag, run);
    this.button.disabled = true;
    const now = await followed(this.dag, run, (text, state) => this.say(text, state));
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
