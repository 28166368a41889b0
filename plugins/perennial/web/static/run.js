// From a run to the dashboards as of its day: its partition, or the day before the one that its form asked for.
import { airflowRoot } from "./airflow.js";

const node = document.getElementById("run");
const { dag, run, page } = node.dataset;

const path = `api/v2/dags/${encodeURIComponent(dag)}/dagRuns/${encodeURIComponent(run)}`;
const response = await fetch(new URL(path, airflowRoot()), { headers: { accept: "application/json" } });
const found = response.ok ? await response.json() : {};
const dayBefore = (asOf) => new Date(Date.parse(asOf) - 86_400_000).toISOString().slice(0, 10);
const asked = found.conf?.as_of;
const day = asked ? dayBefore(asked) : /^\d{4}-\d{2}-\d{2}/.exec(found.partition_key ?? "")?.[0];
location.replace(`${document.body.dataset.root}${page}${day ? `?day=${day}` : ""}`);
