// The audiences' API: names, rules and definitions in, what it answers out.
import { ours, request, send } from "./http.js";

const call = (method, path, body, signal) => request(method, ours(`audiences${path}`), body, signal);
const named = (name) => `/${encodeURIComponent(name)}`;
const query = (asked) => `?${new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== undefined && value !== null && value !== ""))}`;

export const listed = () => call("GET", "");
export const blocks = () => call("GET", "/blocks");
export const values = (asked, signal) => call("GET", `/values${query(asked)}`, undefined, signal);
export const estimate = (asked, signal) => call("POST", "/estimate", asked, signal);
export const overlap = (asked, signal) => call("POST", "/overlap", asked, signal);
export const members = (name) => call("GET", `${named(name)}/members`);
export const eligibility = (name, person, signal) => call("GET", `${named(name)}/eligibility${query({ person })}`, undefined, signal);
export const one = (name) => call("GET", named(name));
export const save = (name, definition, before) => call("PUT", named(name), { definition, before });
export const split = (name, parts) => call("POST", `${named(name)}/split`, { parts });
export const upload = (name, file, mode) => send("POST", ours(`audiences${named(name)}/list${query({ mode })}`), file, "text/csv");
export const erase = (name) => call("DELETE", named(name), {});
