// The composer's dialog, with nothing in it yet: its parts by name.
import { el } from "./dom.js";

const VIEWS = [["chart", "Chart"], ["rows", "Rows"], ["records", "Sample records"], ["sql", "SQL"]];

function styled() {
  const href = new URL("composer.css", import.meta.url).href;
  if (document.querySelector(`link[href="${href}"]`)) return;
  document.head.append(el("link", { rel: "stylesheet", href }));
}

const button = (text, kind = "") => el("button", { type: "button", class: `button ${kind}` }, text);

export function frame(done) {
  styled();
  const parts = {
    attributes: el("aside", { class: "side", "aria-label": "Tables and columns" }),
    shelves: el("section", { class: "shelf-box", "aria-label": "Shelves" }),
    sql: el("section", { class: "sql-box", "aria-label": "SQL", hidden: true }),
    properties: el("aside", { class: "side properties", "aria-label": "Properties" }),
    popover: el("div", { class: "popover", role: "dialog" }),
    said: el("p", { class: "offscreen", role: "status", "aria-live": "polite" }),
    cancel: button("Cancel"),
    mode: button("Switch to SQL"),
    csv: button("Download CSV"),
    done: button(done ?? "", "go"),
  };
  parts.tabs = VIEWS.map(([view, title], index) => el("button", { type: "button", "data-view": view, "aria-pressed": String(index === 0) }, title));
  const titles = el("div", { class: "titles" }, el("h2", { id: "composer-preview" }), el("p"));
  parts.preview = el("section", { class: "card widget", "aria-labelledby": "composer-preview" }, el("header", {}, titles), el("div", { class: "body" }));
  const status = el("p", { class: "note", role: "status", "data-status": true });
  const strip = el("div", { class: "strip" }, el("div", { class: "views", role: "group", "aria-label": "Preview as" }, ...parts.tabs), status);
  parts.leaving = el("dialog", { class: "leaving", "aria-labelledby": "leaving-title" });
  const stage = el("div", { class: "stage-area" }, parts.preview);
  const middle = el("div", { class: "middle" }, strip, stage, parts.shelves, parts.sql);
  const header = el("header", {}, el("h2", { id: "composer-title" }, "Compose a widget"), el("div", { class: "row" }, parts.mode, parts.csv, parts.cancel, parts.done));
  parts.dialog = el("dialog", { class: "composer", "aria-labelledby": "composer-title" }, header, el("div", { class: "bench" }, parts.attributes, middle, parts.properties), parts.popover, parts.said, parts.leaving);
  parts.status = status;
  parts.ask = (leave) => ask(parts.leaving, leave);
  document.body.append(parts.dialog);
  return parts;
}

function ask(dialog, leave) {
  const stay = button("Stay");
  const go = button("Leave, and drop it");
  stay.addEventListener("click", () => dialog.close());
  go.addEventListener("click", leave);
  dialog.replaceChildren(el("h2", { id: "leaving-title" }, "Leave the widget?"), el("p", {}, "What you put together is not kept."), el("div", { class: "row" }, stay, go));
  dialog.showModal();
  stay.focus();
}
