// JSON to and from Perennial and Airflow; what goes wrong becomes an Error with a sentence for the reader.
import { airflowRoot } from "./airflow.js";

const WORDS = { 401: "You are signed out: reload the page to sign in.", 403: "You may not do this.", 404: "There is no such thing." };

async function answered(request) {
  let response;
  try {
    response = await request;
  } catch {
    throw new Error("Airflow does not answer. Check your connection, then try again.");
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const detail = typeof body.detail === "string" ? body.detail : null;
  throw Object.assign(new Error(detail ?? WORDS[response.status] ?? `That did not work (${response.status}).`), { status: response.status });
}

const JSON_BODY = { accept: "application/json", "content-type": "application/json" };
const ours = (path) => `${document.body.dataset.root}api/signals/${path}`;
const airflows = (path) => new URL(`api/v2/${path}`, airflowRoot());

export const read = (path) => answered(fetch(ours(path), { headers: { accept: "application/json" } }));
export const send = (path, body, signal) =>
  answered(fetch(ours(path), { method: "POST", headers: { ...JSON_BODY, "x-perennial": "1" }, body: JSON.stringify(body), signal }));
export const readAirflow = (path) => answered(fetch(airflows(path), { headers: { accept: "application/json" } }));
export const sendAirflow = (path, body) => answered(fetch(airflows(path), { method: "POST", headers: JSON_BODY, body: JSON.stringify(body) }));
