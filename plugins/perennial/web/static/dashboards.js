// All dashboards: found by words, made by name, duplicated, deleted.
import { nameProblem } from "./audience_words.js";
import { erase, one, save } from "./board_http.js";
import { address } from "./board_names.js";

const by = (id) => document.getElementById(id);
const root = document.body.dataset.root;
const cards = [...document.querySelectorAll(".board-card")];

function filter() {
  const words = by("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const kind = by("kind").value;
  for (const card of cards) {
    const text = `${card.dataset.name} ${card.querySelector("h2").textContent} ${[...card.querySelectorAll(":scope > p")].map((p) => p.textContent).join(" ")}`.toLowerCase();
    card.hidden = (kind && card.dataset.kind !== kind) || !words.every((word) => text.includes(word));
  }
  const left = cards.filter((card) => !card.hidden).length;
  by("unfound").hidden = left > 0;
  by("shown").textContent = `${left} of ${cards.length} dashboards`;
}

// A dialog that does one thing; what went wrong is said in it.
function asks(dialog, act) {
  const said = dialog.querySelector("[role=alert]");
  const button = dialog.querySelector("[type=submit]");
  dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => (said.textContent = ""));
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await act(dialog.querySelector("form").elements);
    } catch (problem) {
      said.textContent = problem.message;
    }
    button.disabled = false;
  });
}

let source = null; // the dashboard that is duplicated, or null for a new one
let doomed = null;

function name(title, from) {
  source = from;
  const { title: field, name: at } = by("naming").querySelector("form").elements;
  by("naming-title").textContent = from ? "Duplicate" : "New dashboard";
  by("naming").querySelector("[type=submit]").textContent = from ? "Duplicate" : "Create";
  field.value = title;
  at.value = address(title);
  by("naming").showModal();
  field.select();
}

asks(by("naming"), async ({ title, name: at }) => {
  const problem = !title.value.trim() ? "Give it a title." : nameProblem(at.value);
  if (problem) throw new Error(problem);
  const { name: _, stages: __, dag: ___, ...document_ } = source ? await one(source) : { widgets: [] };
  await save(at.value, { ...document_, title: title.value.trim() }, 0);
  location.assign(`${root}dashboards/${at.value}/edit`);
});

asks(by("deleting"), async () => {
  await erase(doomed.dataset.name, Number(doomed.dataset.version));
  location.reload();
});

{
  const { title, name: at } = by("naming").querySelector("form").elements;
  let typed = false;
  title.addEventListener("input", () => typed || (at.value = address(title.value)));
  at.addEventListener("input", () => (typed = at.value !== ""));
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target) || event.target.closest(".menu-list")) menu.open = false;
  const card = event.target.closest(".board-card");
  if (event.target.closest("[data-duplicate]")) name(`${card.dataset.title}, copy`, card.dataset.name);
  if (event.target.closest("[data-delete]")) {
    doomed = card;
    by("deleting-title").textContent = `Delete “${card.dataset.title}”?`;
    by("deleting").showModal();
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
for (const id of ["find", "kind"]) by(id).addEventListener("input", filter);
by("new")?.addEventListener("click", () => name("", null));

const asked = new URLSearchParams(location.search).get("duplicate");
const found = cards.find((card) => card.dataset.name === asked);
if (found && by("new")) {
  history.replaceState(null, "", location.pathname);
  name(`${found.dataset.title}, copy`, asked);
}
document.documentElement.dataset.drawn = "";
