// The page on which a dashboard is put together: its document in; moved, changed, kept, and saved, out.
import { History } from "./audience_history.js";
import { guard, Keep } from "./audience_keep.js";
import { moment } from "./audience_times.js";
import { arranging } from "./board_drag.js";
import { draft, listed, save } from "./board_http.js";
import { Controls } from "./controls.js";
import { prose } from "./board_prose.js";
import { Tiles } from "./board_tiles.js";
import { chosen, written } from "./board_dialogs.js";
import { filtered } from "./board_filters.js";
import * as layout from "./board_layout.js";
import "./menus.js";

const by = (id) => document.getElementById(id);
const board = JSON.parse(by("board").textContent);
const { name } = board;
const about = by("about");
const keep = new Keep(name, "dashboard");
const history = new History(board.document);
let version = board.version;
let saved = JSON.stringify(board.document);

const asText = () => JSON.stringify(history.state);
const unsaved = () => asText() !== saved;
const say = (words, mood = "") => Object.assign(by("saved"), { textContent: words, className: mood });
const announce = (words) => (by("announced").textContent = words);
const controls = new Controls(document.querySelector("form.controls"), board, () => tiles.reload());
const selection = () => controls.selection();

const ask = (widget) => draft({ document: alone(widget), widget: widget.id, ...selection() });
const tiles = new Tiles(by("grid"), { config: board.config, name, ask });
// Only what the widget needs: a mistake in another one is not its own.
const alone = (widget) => ({ ...history.state, widgets: [widget] });

// Everything that hangs on the document, whatever changed it.
function show() {
  tiles.show(history.state.widgets);
  for (const key of ["title", "description"]) if (about.elements[key] !== document.activeElement) about.elements[key].value = history.state[key] ?? "";
  by("undo").disabled = !history.past.length;
  by("redo").disabled = !history.future.length;
  say(unsaved() ? "Unsaved changes" : `Version ${version} is saved`);
  if (unsaved()) keep.soon({ document: history.state, before: version });
  else if (by("kept").hidden) keep.drop();
}

function set(state, place = null) {
  history.push(state, place);
  show();
}

const setWidgets = (widgets) => set({ ...history.state, widgets });

const acts = {
  move(id, index) {
    setWidgets(layout.move(history.state.widgets, id, index));
    tiles.focus(id, "[data-grip]");
    announce(`${tiles.title(id)} is now ${layout.place(history.state.widgets, id) + 1} of ${history.state.widgets.length}`);
  },
  resize(id, size) {
    setWidgets(layout.resize(history.state.widgets, id, size));
    const { width = 6, height = "medium" } = layout.find(history.state.widgets, id);
    announce(`${tiles.title(id)}: ${width} of 12 columns, ${height}`);
  },
  step: (id, by_) => acts.move(id, Math.max(0, layout.place(history.state.widgets, id) + by_)),
  grow: (id, wider, taller) => acts.resize(id, layout.grown(layout.find(history.state.widgets, id), wider, taller)),
  duplicate(id) {
    const { widgets, copy } = layout.duplicate(history.state.widgets, id);
    setWidgets(widgets);
    tiles.focus(copy, "[data-edit]");
  },
  remove(id) {
    const at = layout.place(history.state.widgets, id);
    const title = tiles.title(id);
    setWidgets(history.state.widgets.filter((widget) => widget.id !== id));
    const next = history.state.widgets[at] ?? history.state.widgets[at - 1];
    if (next) tiles.focus(next.id, "[data-grip]");
    else by("add").focus();
    announce(`${title} is removed; undo brings it back`);
  },
  async edit(id) {
    const widget = layout.find(history.state.widgets, id);
    const changed = await (widget.mark === "text" ? prose(widget, ask) : compose(widget));
    if (changed) setWidgets(history.state.widgets.map((one) => (one.id === id ? { ...changed, id } : one)));
    tiles.focus(id, "[data-edit]");
  },
};

async function compose(widget) {
  try {
    return await composed(widget);
  } catch (problem) {
    say(`The composer does not open: ${problem.message}`, "bad");
    return null;
  }
}

async function composed(widget) {
  if (board.composer) {
    const { compose: guided } = await import("./composer.js");
    const boards = (await listed().catch(() => [])).filter((one) => one.name !== name);
    return guided(widget, { board: { config: board.config, boards, filters: history.state.filters ?? [], selection } });
  }
  return written(widget ? "Widget" : "New widget", { document: widget ?? layout.blank(), widget: true, filters: history.state.filters ?? [] });
}

async function add(made, button) {
  const widget = await made;
  if (!widget) return button.focus();
  const fresh = layout.fresh(history.state.widgets, widget);
  setWidgets([...history.state.widgets, fresh]);
  tiles.focus(fresh.id, "[data-grip]", true);
}

async function store() {
  if (!history.state.title?.trim()) {
    about.elements.title.focus();
    return say("Not saved: give it a title", "bad");
  }
  by("save").disabled = true;
  say("Saving…");
  try {
    const before = JSON.parse(saved);
    const answer = await save(name, history.state, version);
    version = answer.version;
    saved = asText();
    keep.drop();
    by("kept").hidden = true;
    show();
    say(`Version ${version} is saved`, "good");
    // The controls above the widgets come from the server.
    if (["filters", "days", "period"].some((key) => JSON.stringify(before[key]) !== JSON.stringify(history.state[key]))) location.reload();
  } catch (problem) {
    keep.write({ document: history.state, before: version });
    say(`Not saved: ${problem.message}`, "bad");
  }
  by("save").disabled = false;
}

function keys(event) {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return;
  if (key === "s") {
    event.preventDefault();
    store();
  } else if ((key === "z" || key === "y") && !event.target.matches("input, textarea")) {
    event.preventDefault();
    travel(key === "y" || event.shiftKey ? "redo" : "undo");
  }
}

function travel(way) {
  if (history[way]()) show();
}

function offerKept() {
  const kept = keep.read();
  if (!kept?.document || JSON.stringify(kept.document) === saved) return;
  by("kept-said").textContent = `There are unsaved changes from ${moment(kept.at)}${kept.before !== version ? "; the dashboard was saved by somebody since" : ""}.`;
  by("kept").hidden = false;
  by("kept-restore").addEventListener("click", () => {
    by("kept").hidden = true;
    set(kept.document);
  });
  by("kept-drop").addEventListener("click", () => {
    by("kept").hidden = true;
    keep.drop();
  });
}

about.addEventListener("submit", (event) => event.preventDefault());
about.addEventListener("input", ({ target }) => set({ ...history.state, [target.name]: target.value }, target.name));
for (const way of ["undo", "redo"]) by(way).addEventListener("click", () => travel(way));
by("save").addEventListener("click", store);
by("add").addEventListener("click", ({ target }) => add(compose(null), target));
by("add-text").addEventListener("click", ({ target }) => add(prose(null, ask), target));
by("code").addEventListener("click", async () => {
  const document_ = await written("The dashboard as a document", { document: history.state });
  if (document_) set(document_);
});
by("filters").addEventListener("click", async () => {
  const document_ = await filtered(history.state);
  if (!document_) return;
  set(document_);
  say("Saved, filters that are new show above the widgets");
});
by("history").addEventListener("click", async () => {
  const document_ = await chosen(name, version);
  if (document_) set(document_);
});
document.addEventListener("keydown", keys);
guard(by("leaver"), unsaved, () => {
  keep.drop();
  saved = asText();
});
arranging(by("grid"), acts);
tiles.acts = acts;
offerKept();
show();
tiles.settled().then(() => (document.documentElement.dataset.drawn = ""));
