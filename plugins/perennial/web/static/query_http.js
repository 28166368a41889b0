// The queries' API: SQL, templates and ids in, what it answers out. An error has `kind`, `hint` and `place`.
import { ours } from "./http.js";

const HEADERS = { accept: "application/json", "content-type": "application/json", "x-perennial": "1" };

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(ours(`queries${path}`), { method, headers: HEADERS, body: body && JSON.stringify(body) });
  } catch {
    throw Object.assign(new Error("Airflow does not answer."), { hint: "Check your connection, then try again." });
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const message = answer.message ?? (typeof answer.detail === "string" ? answer.detail : `That did not work (${response.status}).`);
  const signedOut = response.status === 401;
  throw Object.assign(new Error(signedOut ? "You are signed out." : message), {
    status: response.status,
    kind: answer.kind,
    hint: signedOut ? "Reload the page to sign in." : answer.hint,
    place: answer.place,
  });
}

const query = (asked) => new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== null && value !== undefined && value !== ""));
export const PAGE = 100;
export const submit = (asked) => call("POST", "", { ...asked, wait: 1, size: PAGE });
export const one = (id, asked = {}) => call("GET", `/${id}?${query({ size: PAGE, ...asked })}`);
export const remove = (id) => call("DELETE", `/${id}`);
export const history = (asked) => call("GET", `?${query(asked)}`);
export const schemas = (dialect) => call("GET", `/schemas?dialect=${dialect}`);
export const functions = () => call("GET", "/functions");
export const templates = () => call("GET", "/templates");
export const scheduled = () => call("GET", "/scheduled");
export const chart = (id, asked) => call("GET", `/${id}/chart?${query(asked)}`);
export const file = (id, kind) => ours(`queries/${id}/${kind}`);
