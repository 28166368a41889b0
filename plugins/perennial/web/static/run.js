// From a run to the dashboards as of its day: the partition key, or the day before a logical date's.
import { airflowRoot } from "./airflow.js";

const node = document.getElementById("run");
const { dag, run, page } = node.dataset;

const path = `api/v2/dags/${encodeURIComponent(dag)}/dagRuns/${encodeURIComponent(run)}`;
const response = await fetch(new URL(path, airflowRoot()), { headers: { accept: "application/json" } });
const found = response.ok ? await response.json() : {};
const day = /^\d{4}-\d{2}-\d{2}/.exec(found.partition_key ?? "")?.[0];
location.replace(`${document.body.dataset.root}${page}${day ? `?day=${day}` : ""}`);
