// The last run of each stage's Dag, asked from Airflow's own API, with the reader's own rights.
import { airflowRoot } from "./airflow.js";

const WORDS = { success: "ran", failed: "failed", running: "running now", queued: "queued" };

const links = [...document.querySelectorAll(".run[data-dag]")];

// One request for all of them; the pattern may match longer ids too, which are passed over.
async function recentRuns() {
  const pattern = [...new Set(links.map((link) => link.dataset.dag))].join("|");
  const query = new URLSearchParams({ dag_id_pattern: pattern, order_by: "-run_after", limit: 100 });
  const response = await fetch(new URL(`api/v2/dags/~/dagRuns?${query}`, airflowRoot()));
  return response.ok ? (await response.json()).dag_runs : [];
}

function ago(time) {
  const minutes = Math.round((Date.now() - new Date(time)) / 60_000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
  if (minutes < 60) return words.format(-minutes, "minute");
  return minutes < 2_880 ? words.format(-Math.round(minutes / 60), "hour") : words.format(-Math.round(minutes / 1_440), "day");
}

async function refresh() {
  const runs = await recentRuns();
  for (const link of links) {
    const run = runs.find((one) => one.dag_id === link.dataset.dag);
    if (!run) continue;
    link.dataset.state = run.state;
    const when = run.end_date ? ` ${ago(run.end_date)}` : "";
    link.querySelector("span").textContent = `${WORDS[run.state] ?? run.state}${when}`;
  }
}

refresh();
setInterval(() => document.hidden || refresh(), 15_000);
