// The composer by itself: explores the model; the rows leave as a file, the widget for a dashboard.
import { listed, one, save, versions } from "./board_http.js";
import { fresh } from "./board_layout.js";
import { address } from "./board_names.js";
import { compose } from "./composer.js";
import { el } from "./dom.js";

const config = JSON.parse(document.getElementById("config").textContent);
const button = document.getElementById("explore");
const dialog = document.getElementById("placing");
const form = dialog.querySelector("form");
const { board, title } = form.elements;
const said = form.querySelector("[role=alert]");
let widget = null; // that was composed, and has no place yet

async function explore() {
  try {
    widget = await compose(widget, { board: { config }, done: "Add to a dashboard" });
    if (widget) await place();
  } catch (problem) {
    document.querySelector(".detail").textContent = problem.message;
  }
}

async function place() {
  const boards = (await listed()).filter((each) => !each.provisioned);
  board.replaceChildren(...boards.map((each) => el("option", { value: each.name }, each.title)), el("option", { value: "" }, "A new dashboard"));
  said.textContent = "";
  show();
  dialog.showModal();
}

function show() {
  title.closest("label").hidden = board.value !== "";
  title.required = board.value === "";
}

async function put() {
  const name = board.value || address(title.value);
  if (!board.value && !name) throw new Error("Give it a title.");
  const document_ = board.value ? await one(name) : { title: title.value.trim(), widgets: [] };
  const before = board.value ? (await versions(name)).versions[0].version : 0;
  const { name: _, ...rest } = document_;
  await save(name, { ...rest, widgets: [...document_.widgets, fresh(document_.widgets, widget)] }, before);
  location.assign(`${document.body.dataset.root}dashboards/${name}`);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await put();
  } catch (problem) {
    said.textContent = problem.message;
  }
});
board.addEventListener("change", show);
form.querySelector("[data-cancel]").addEventListener("click", () => {
  dialog.close();
  explore();
});
button.addEventListener("click", explore);
explore();
