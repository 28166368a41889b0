// The builder's page: what there is and a definition in; the definition put together, kept, and saved, out.
import { About } from "./audience_about.js";
import { Vocabulary } from "./audience_blocks.js";
import { Builder } from "./audience_builder.js";
import { Code } from "./audience_code.js";
import { blocks, one, save } from "./audience_http.js";
import { guard, Keep } from "./audience_keep.js";
import { tabs } from "./audience_tabs.js";
import { moment } from "./audience_times.js";

const host = document.getElementById("builder");
const own = host.dataset.name || null;
const readOnly = host.dataset.mayEdit !== "true";
const root = document.body.dataset.root;
const by = (id) => document.getElementById(id);
const keep = new Keep(own);
let loaded = null; // the answer of the API, or null for a new audience
let saved = ""; // the definition as it was saved last, as text
let about, builder, code;

const definition = (state = loaded?.definition.state ?? "draft") => ({ ...about.value, state, ...builder.who });
const asText = (value) => JSON.stringify({ ...value, state: null });
const unsaved = () => !readOnly && asText(definition()) !== saved;

function say(text, mood = "") {
  by("saved").textContent = text;
  by("saved").className = mood;
}

// Everything that hangs on the definition, whatever changed it.
function changed() {
  by("undo").disabled = !builder.history.past.length;
  by("redo").disabled = !builder.history.future.length;
  const is = unsaved();
  say(is ? "Unsaved changes" : loaded ? "All changes saved" : "");
  if (is) keep.soon({ definition: definition(), before: loaded?.definition_hash ?? null });
  else if (by("kept").hidden) keep.drop();
  if (!code.dirty) code.show();
}

// Name and state are said elsewhere.
function fill({ rule, top, state: _, name: __, ...rest }) {
  about.value = rest;
  builder.replace({ rule, top });
}

async function store(state) {
  if (!about.check(true)) return say("Not saved: see the fields in red", "bad");
  if (code.dirty) return say("Not saved: apply your edits of the code, or take it as in the builder", "bad");
  const missing = builder.insist();
  if (missing) return say(`Not saved: ${missing}`, "bad");
  const buttons = [by("draft"), by("publish")];
  for (const button of buttons) button.disabled = true;
  say("Saving…");
  try {
    loaded = await save(about.name, definition(state), loaded?.definition_hash ?? null);
    keep.drop();
    saved = asText(definition());
    const page = `${root}audiences/${encodeURIComponent(loaded.name)}`;
    if (state !== "draft" || !own) return location.assign(state === "draft" ? `${page}/edit` : page);
    say("Draft saved", "good");
    states();
  } catch (problem) {
    refused(problem);
  }
  for (const button of buttons) button.disabled = false;
}

function refused(problem) {
  const errors = problem.errors ?? [];
  for (const { path, message } of errors) if (about.has(path)) about.say(path, message);
  const rules = errors.filter(({ path }) => !about.has(path));
  if (rules.length) builder.counted({ sentence: null, errors: rules });
  say(`Not saved: ${problem.message}`, "bad");
}

function states() {
  const state = loaded?.definition.state;
  by("draft").hidden = state === "published"; // what is evaluated does not become a draft again
  by("publish").textContent = state === "published" ? "Publish changes" : "Publish";
}

// In a text of its own, the browser's undo is the better one.
function keys(event) {
  const typing = event.target.matches("textarea, #about input, input[type=search]");
  const key = event.key.toLowerCase();
  const command = (event.ctrlKey || event.metaKey) && !event.altKey && !typing;
  if (command && (key === "z" || key === "y")) {
    event.preventDefault();
    builder.travel(key === "y" || event.shiftKey ? "redo" : "undo");
  } else if (key === "/" && !event.target.closest("input, textarea, select")) {
    event.preventDefault();
    builder.palette.focus();
  }
}

function offerKept() {
  const kept = keep.read();
  if (!kept?.definition || asText(kept.definition) === saved) return;
  const stale = loaded && kept.before !== loaded.definition_hash;
  by("kept-said").textContent = `There are unsaved changes from ${moment(kept.at)}${stale ? "; the audience was changed since" : ""}.`;
  by("kept").hidden = false;
  by("kept-restore").addEventListener("click", () => {
    by("kept").hidden = true;
    fill(kept.definition);
    by("main").focus();
  });
  by("kept-drop").addEventListener("click", () => {
    by("kept").hidden = true;
    keep.drop();
  });
}

function editable() {
  for (const way of ["undo", "redo"]) by(way).addEventListener("click", () => builder.travel(way));
  document.addEventListener("keydown", keys);
  by("draft").addEventListener("click", () => store("draft"));
  by("publish").addEventListener("click", () => store("published"));
  guard(by("leaver"), unsaved, () => {
    keep.drop();
    saved = asText(definition());
  });
  states();
  offerKept();
}

async function start() {
  const [known, found] = await Promise.all([blocks(), own ? one(own) : null]);
  loaded = found;
  const vocabulary = new Vocabulary(known);
  const { rule = null, top, state: _, name: __, ...rest } = found?.definition ?? {};
  about = new About(by("about"), vocabulary.purposes, { fixedName: own, changed: () => changed() });
  about.value = rest;
  const nodes = Object.fromEntries(["canvas", "palette", "estimate", "overlap", "sentence", "announced"].map((id) => [id, by(id)]));
  builder = new Builder(nodes, vocabulary, { rule, top, own, readOnly, about, changed });
  by("about").elements.purpose.addEventListener("change", () => builder.recount());
  code = new Code(by("panel-code"), { read: definition, apply: fill });
  tabs(document.querySelector("[role=tablist]"), () => code.dirty || code.show());
  saved = asText(definition());
  if (found) by("sentence").textContent = found.sentence;
  if (!readOnly) editable();
  builder.show();
  by("loading").remove();
  host.hidden = false;
  if (!own && !readOnly) by("about").elements.title.focus();
}

start()
  .catch((problem) => {
    by("loading").className = "banner";
    by("loading").textContent = problem.message;
  })
  .finally(() => (document.documentElement.dataset.drawn = ""));
