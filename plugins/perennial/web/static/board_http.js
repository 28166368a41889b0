// The dashboards' API: names, documents and drafts in, what it answers out.
import { ours, request } from "./http.js";

const call = (method, path, body) => request(method, ours(`dashboards${path}`), body);

export const listed = () => call("GET", "");
export const one = (name) => call("GET", `/${name}`);
export const save = (name, document, before) => call("PUT", `/${name}`, { document, before });
export const erase = (name, before) => call("DELETE", `/${name}`, { before });
export const versions = (name) => call("GET", `/${name}/versions`);
export const version = (name, number) => call("GET", `/${name}/versions/${number}`);
export const text = (asked) => call("POST", "/text", asked);

// The bare answer, as a widget reads it.
export const draft = (body) =>
  fetch(ours("dashboards/draft"), {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", "x-perennial": "1" },
    body: JSON.stringify(body),
  });
