// Runs of a Dag through Airflow's own API, with the reader's own rights: found, started, and followed to their end.
import { readAirflow, sendAirflow } from "./http.js";

const POLL_MS = 1_500;
const LONG_QUEUED_MS = 15_000;
const ENDED = ["success", "failed"];
const path = (dag) => `dags/${encodeURIComponent(dag)}/dagRuns`;

// A run that goes on, if there is one that is `wanted`; none where the Dag is not there yet.
export async function underWay(dag, wanted = () => true) {
  try {
    const { dag_runs: runs } = await readAirflow(`${path(dag)}?order_by=-run_after&limit=5`);
    return runs.find((run) => !ENDED.includes(run.state) && wanted(run)) ?? null;
  } catch {
    return null; // Whoever starts a run is told.
  }
}

export async function begin(dag, conf) {
  try {
    return await sendAirflow(path(dag), { logical_date: null, conf });
  } catch (problem) {
    throw problem.status === 404 ? new Error(`Airflow has no Dag ${dag}`) : problem;
  }
}

// `say(text, state)` hears how it goes; the answer is the run as it ended.
export async function followed(dag, run, say) {
  const since = Date.now();
  let now = run;
  while (!ENDED.includes(now.state)) {
    const late = now.state === "queued" && Date.now() - since > LONG_QUEUED_MS;
    say(late ? "Still queued: is the Dag paused, or the scheduler busy?" : now.state === "queued" ? "Queued" : "Running", now.state);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    now = await readAirflow(`${path(dag)}/${encodeURIComponent(run.dag_run_id)}`);
  }
  return now;
}

export const address = (dag, run) => `/dags/${dag}/runs/${encodeURIComponent(run.dag_run_id)}`;
