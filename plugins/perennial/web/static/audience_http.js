// Audiences to and from Perennial as JSON; what goes wrong becomes an Error with a sentence, and errors by path.
const WORDS = { 401: "You are signed out: reload the page to sign in.", 403: "You may not do this.", 404: "There is no such audience." };
const HEADERS = { accept: "application/json", "content-type": "application/json", "x-perennial": "1" };

export async function call(method, path, body, signal) {
  const headers = method === "GET" ? { accept: "application/json" } : HEADERS;
  let response;
  try {
    const options = { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) };
    response = await fetch(`${document.body.dataset.root}api/audiences${path}`, options);
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

const named = (name) => `/${encodeURIComponent(name)}`;
const query = (asked) => `?${new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== undefined && value !== null && value !== ""))}`;

export const listed = () => call("GET", "");
export const blocks = () => call("GET", "/blocks");
export const values = (asked, signal) => call("GET", `/values${query(asked)}`, undefined, signal);
export const estimate = (asked, signal) => call("POST", "/estimate", asked, signal);
export const one = (name) => call("GET", named(name));
export const save = (name, definition, before) => call("PUT", named(name), { definition, before });
export const erase = (name) => call("DELETE", named(name), {});
