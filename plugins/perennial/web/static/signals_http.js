// The signals' API: paths and bodies in, what it answers out.
import { ours, request } from "./http.js";

export const read = (path) => request("GET", ours(`signals/${path}`));
export const send = (path, body, signal) => request("POST", ours(`signals/${path}`), body, signal);
