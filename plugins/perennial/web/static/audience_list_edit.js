// A list's page of what it is: title, purpose, by what people are named and for how long, in; saved, out.
import { About } from "./audience_about.js";
import { el } from "./dom.js";
import { blocks, one, save } from "./audience_http.js";
import { parseSpan, spanText, UNITS } from "./audience_words.js";

const host = document.getElementById("builder");
const own = host.dataset.name || null;
const root = document.body.dataset.root;
const form = document.getElementById("about");
const { namespace, expires, unit } = form.elements;
const by = (id) => document.getElementById(id);
let loaded = null;
let about;

function say(text, mood = "") {
  by("saved").textContent = text;
  by("saved").className = mood;
}

const problem = () => (expires.value !== "" && !(Number.isInteger(Number(expires.value)) && Number(expires.value) > 0) ? "A whole number, or nothing: for good." : null);
const span = () => (expires.value === "" ? {} : { expires_after: spanText(Number(expires.value), unit.value) });
const definition = (state) => ({ ...about.value, state, list: { namespace: namespace.value, ...span() } });

function fill({ list = {}, state: _, name: __, ...rest }) {
  about.value = rest;
  if (list.namespace && ![...namespace.options].some((option) => option.value === list.namespace)) namespace.append(el("option", { value: list.namespace }, `${list.namespace} (not there)`));
  if (list.namespace) namespace.value = list.namespace;
  const found = parseSpan(list.expires_after);
  expires.value = found?.number ?? "";
  unit.value = found?.unit ?? "day";
}

async function store(state) {
  about.say("expires", problem());
  if (!about.check(true) || problem()) return say("Not saved: see the fields in red", "bad");
  const buttons = [by("draft"), by("publish")];
  for (const button of buttons) button.disabled = true;
  say("Saving…");
  try {
    await save(about.name, definition(state), loaded?.definition_hash ?? null);
    return location.assign(`${root}audiences/${encodeURIComponent(about.name)}`);
  } catch (refused) {
    for (const { path, message } of refused.errors ?? []) {
      const field = { "list.namespace": "namespace", "list.expires_after": "expires" }[path] ?? path;
      if (about.has(field)) about.say(field, message);
    }
    say(`Not saved: ${refused.message}`, "bad");
  }
  for (const button of buttons) button.disabled = false;
}

async function start() {
  const [known, found] = await Promise.all([blocks(), own ? one(own) : null]);
  loaded = found;
  for (const each of known.namespaces) namespace.append(el("option", { value: each.name }, each.title));
  for (const each of UNITS) unit.append(el("option", { value: each }, `${each}s`));
  about = new About(form, known.purposes, { fixedName: own, changed: () => say("") });
  fill(found?.definition ?? {});
  if (host.dataset.mayEdit === "true") {
    by("draft").addEventListener("click", () => store("draft"));
    by("publish").addEventListener("click", () => store("published"));
    by("draft").hidden = found?.definition.state === "published";
    by("publish").textContent = found?.definition.state === "published" ? "Save" : "Publish";
  }
  by("loading").remove();
  host.hidden = false;
  if (!own) form.elements.title.focus();
}

start()
  .catch((error) => {
    by("loading").className = "banner";
    by("loading").textContent = error.message;
  })
  .finally(() => (document.documentElement.dataset.drawn = ""));
