// The dialog that shows a widget's data or its SQL.
import { el } from "./dom.js";
import { table } from "./table.js";

const dialog = () => document.getElementById("viewer");

export function show(kind, widget, data, shown = {}) {
  const title = `${widget.title} · ${kind === "sql" ? "SQL" : "data"}`;
  dialog().querySelector("h2").textContent = title;
  const content = kind === "sql" ? sql(data?.sql ?? widget.sql) : data ? table(data, { ...shown, all: true }) : el("p", {}, "There is no data.");
  dialog().querySelector(".viewer-body").replaceChildren(content);
  dialog().showModal();
}

function sql(statement) {
  const copy = el("button", { type: "button", class: "button quiet" }, "Copy");
  copy.addEventListener("click", async () => {
    await copyText(statement);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  const hint = el("p", { class: "note" }, "Runs read-only in the store's schema insights; $names are bound to the day, the period and the filters.");
  return el("div", {}, el("pre", { tabindex: "0" }, el("code", {}, ...coloured(statement.trim()))), el("div", { class: "row" }, copy, hint));
}

// Inside a frame the clipboard may be withheld: then the text is selected and copied the old way.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { class: "offscreen" });
    area.value = text;
    dialog().append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

const WORDS = /('(?:[^']|'')*')|(\$[a-z_]+)|(--[^\n]*)|\b([A-Z][A-Z_]+)\b/g;

function coloured(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(WORDS)) {
    parts.push(text.slice(end, match.index));
    const kind = ["literal", "parameter", "comment", "keyword"][match.slice(1).findIndex(Boolean)];
    parts.push(el("span", { class: kind }, match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}

document.addEventListener("click", (event) => {
  if (event.target === dialog() || event.target.closest("[data-close]")) dialog()?.close();
});
