// The composer's API: what there is, some rows and values, and drafts of widgets in; what they show out.
import { ours, request } from "./http.js";

const query = (asked) => `?${new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== undefined && value !== ""))}`;
const table = (name, what) => ours(`composer/tables/${encodeURIComponent(name)}/${what}`);

export const catalogue = () => request("GET", ours("composer/catalogue"));
export const records = (name, signal) => request("GET", table(name, "records"), undefined, signal);
export const values = (name, asked, signal) => request("GET", `${table(name, "values")}${query(asked)}`, undefined, signal);
export const preview = (draft, signal) => request("POST", ours("composer/preview"), draft, signal);

// All rows as a file, which the browser keeps.
export async function download(draft) {
  const headers = { "content-type": "application/json", "x-perennial": "1" };
  const response = await fetch(ours("composer/csv"), { method: "POST", headers, body: JSON.stringify(draft) });
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? "The rows could not be fetched.");
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "rows.csv";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
