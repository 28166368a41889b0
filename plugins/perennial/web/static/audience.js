// One audience's page: its definition, its sizes, and who uses it in; and what can be done with it.
import { el } from "./dom.js";
import { blocks, erase, one, save } from "./audience_http.js";
import { List } from "./audience_list.js";
import { showMembers } from "./audience_members.js";
import { Overlap } from "./audience_overlap.js";
import { badge, failed, live, movement, seconds, sized } from "./audience_parts.js";
import { Evaluation } from "./audience_run.js";
import { Splitter } from "./audience_split.js";
import { trend } from "./audience_trend.js";
import { Why } from "./audience_why.js";
import { count, titled } from "./audience_words.js";

const host = document.getElementById("audience");
const { name } = host.dataset;
const edit = host.dataset.mayEdit === "true";
const root = document.body.dataset.root;
const by = (id) => document.getElementById(id);
let shown = null;
let known = { audiences: [], purposes: [] }; // for the titles of what is named
const list = new List(by("list"), name, async () => draw(await one(name)));
const overlap = new Overlap(by("overlap"));

function draw(found) {
  shown = found;
  const { title, description, state, purpose } = found.definition;
  document.title = `${title} · Perennial`;
  by("title").replaceChildren(title, " ", badge(state));
  by("description").textContent = description ?? "";
  by("description").hidden = !description;
  by("sentence").textContent = found.sentence;
  const failure = failed({ ...found, state });
  by("failure").replaceChildren(...(failure ? [failure] : []));
  by("size").replaceChildren(...[...sized({ ...found, state }), movement(found.evaluated), live(found)].filter(Boolean));
  by("facts").replaceChildren(...facts(found, purpose));
  by("trend").replaceChildren(trend(found.trend ?? []));
  by("uses").replaceChildren(...users((found.uses ?? []).map((used) => ({ kind: "audience", name: used, title: titleOf(known.audiences, used) })), "It uses no other audience."));
  by("consumers").replaceChildren(...users(found.consumers ?? [], "Nobody uses it yet."));
  by("yaml").textContent = found.yaml;
  if (found.list) list.show(found.list, found.evaluated);
  if (edit) buttons(found, state);
}

function facts(found, purpose) {
  const { evaluated } = found;
  const snapshot = evaluated?.snapshot ?? found.snapshot ?? null;
  const rows = [
    ["Definition", el("code", { title: "Changes whenever the rule does" }, found.definition_hash)],
    evaluated && !evaluated.current ? ["Evaluated with", el("code", {}, evaluated.definition_hash)] : null,
    evaluated && snapshot !== null ? ["Snapshot of the data", el("code", {}, String(snapshot))] : null,
    typeof evaluated?.rows === "number" ? ["Rows its rule reads", el("span", { title: "Profiles, and events on the days in its windows" }, count(evaluated.rows))] : null,
    typeof evaluated?.seconds === "number" ? ["Its part of the run", el("span", { title: "By the rows that its questions go through, divided among the audiences that ask the same: all are evaluated in one pass" }, seconds(evaluated.seconds))] : null,
    ["Purpose", purpose ? titleOf(known.purposes, purpose) : "None: for analysis only"],
    ["Name", el("code", {}, name)],
  ];
  return rows.filter(Boolean).map(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, value)));
}

const titleOf = (list, wanted) => list.find((one) => one.name === wanted)?.title ?? titled(wanted);

function users(list, none) {
  if (!list.length) return [el("li", { class: "note" }, none)];
  return list.map((user) => el("li", {}, user.kind === "audience" ? el("a", { href: `${root}audiences/${encodeURIComponent(user.name)}` }, user.title) : el("span", {}, user.title), el("span", { class: "kind" }, user.kind)));
}

function buttons(found, state) {
  const [toggle, remove] = [by("toggle"), by("delete")];
  toggle.textContent = state === "published" ? "Deactivate" : "Publish";
  const consumers = found.consumers ?? [];
  const used = consumers.length > 0;
  remove.disabled = used;
  toggle.disabled = used && state === "published";
  const names = consumers.map((user) => `the ${user.kind} “${user.title}”`).join(", ");
  by("delete-why").textContent = used ? `It cannot be deleted${state === "published" ? " or deactivated" : ""}: ${names} ${consumers.length === 1 ? "uses" : "use"} it.` : "";
}

function problem(text) {
  by("problem").textContent = text ?? "";
  by("problem").hidden = !text;
}

async function change(act) {
  problem(null);
  for (const button of [by("toggle"), by("delete")]) button.disabled = true;
  try {
    await act();
  } catch (error) {
    problem(error.message);
  }
  for (const button of [by("toggle"), by("delete")]) button.disabled = false;
  buttons(shown, shown.definition.state);
}

function wire() {
  by("copy").addEventListener("click", async () => {
    by("copied").textContent = (await copied(shown.yaml)) ? "Copied" : "Select the text, and copy it yourself";
  });
  if (!edit) return;
  by("toggle").addEventListener("click", () =>
    change(async () => {
      const state = shown.definition.state === "published" ? "inactive" : "published";
      draw(await save(name, { ...shown.definition, state }, shown.definition_hash));
      by("said").textContent = state === "published" ? "Published: the next evaluation takes it up" : "Deactivated: it is not evaluated any more";
    }));
  const splitter = new Splitter(by("splitter"), name, (parts) => {
    const links = parts.flatMap((part, index) => [index ? ", " : "", el("a", { href: `${root}audiences/${encodeURIComponent(part.name)}` }, part.title)]);
    by("made").replaceChildren(el("span", {}, "Drafts created: ", ...links));
    by("made").hidden = false;
  });
  by("split").addEventListener("click", () => splitter.open(shown.definition.title));
  const dialog = by("deleter");
  by("delete").addEventListener("click", () => dialog.showModal());
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close();
    change(async () => {
      await erase(name);
      location.assign(`${root}audiences`);
    });
  });
}

// Without a secure connection there is no clipboard; an old way is left, and the reader's own hands.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(by("yaml"));
    return document.execCommand("copy");
  }
}

// Who is in it, and why somebody is: for a person whom the address names, at once.
function people() {
  showMembers(by("members"));
  const why = new Why(by("why"), name);
  const person = new URLSearchParams(location.search).get("person");
  if (!person) return;
  why.ask(person);
  by("why").scrollIntoView();
}

async function start() {
  draw(await one(name));
  wire();
  host.hidden = false;
  overlap.ask({ name });
  if (edit) people();
  const evaluation = new Evaluation(by("evaluation"), async () => {
    draw(await one(name));
    if (edit) showMembers(by("members"));
  });
  blocks().then((found) => {
    known = found;
    draw(shown);
    overlap.offer(known.audiences.filter((one) => one.name !== name));
    if (evaluation.day && known.as_of && !evaluation.day.value) evaluation.day.value = known.as_of;
  }, () => {}); // without it, names stand for titles, and the day is typed
  evaluation.resume();
}

start()
  .catch((error) => problem(error.message))
  .finally(() => {
    by("loading").remove();
    document.documentElement.dataset.drawn = "";
  });
