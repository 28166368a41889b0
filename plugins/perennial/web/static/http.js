// JSON to and from Perennial and Airflow; what goes wrong becomes an Error with a sentence for the reader.
import { airflowRoot } from "./airflow.js";

const WORDS = { 401: "You are signed out: reload the page to sign in.", 403: "You may not do this.", 404: "There is no such thing." };
const READ = { accept: "application/json" };
const write = (type) => ({ ...READ, "content-type": type, "x-perennial": "1" });

export const request = (method, address, body, signal) => send(method, address, body === undefined ? undefined : JSON.stringify(body), "application/json", signal);

// An error has the answer's `status`, and the `errors` that it lists by their places.
export async function send(method, address, body, type, signal) {
  let response;
  try {
    response = await fetch(address, { method, headers: method === "GET" ? READ : write(type), body, signal });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Error("Airflow does not answer. Check your connection, then try again.");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const detail = typeof answer.detail === "string" && answer.detail ? answer.detail : null;
  const errors = Array.isArray(answer.errors) ? answer.errors : [];
  const message = detail ?? errors[0]?.message ?? WORDS[response.status] ?? `That did not work (${response.status}).`;
  throw Object.assign(new Error(message), { status: response.status, errors });
}

export const ours = (path) => `${document.body.dataset.root}api/${path}`;
const airflows = (path) => new URL(`api/v2/${path}`, airflowRoot());
export const readAirflow = (path) => request("GET", airflows(path));
export const sendAirflow = (path, body) => request("POST", airflows(path), body);
