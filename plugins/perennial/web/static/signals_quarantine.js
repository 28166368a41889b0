// The quarantine of one dataset: rows are selected, corrected, discarded and replayed; the server draws them.
import { Editor } from "./signals_editor.js";
import { send } from "./signals_http.js";
import { Replay } from "./signals_replay.js";

const host = document.getElementById("rows");
const { dataset } = host.dataset;
const path = `quarantine/${encodeURIComponent(dataset)}`;
const count = (number, word = "row") => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
const picks = () => [...host.querySelectorAll("[data-pick]")];
const rowOf = (node) => node.closest("tr").dataset.row;
const all = () => host.querySelector("[data-all]")?.getAttribute("aria-pressed") === "true";
const picked = () => picks().filter((box) => box.checked).map(rowOf);
const FILTERS = ["show", "reason", "batch", "search"];
const total = () => Number(host.dataset.total);

const filters = () => [...new URLSearchParams(location.search)].filter(([name, value]) => value && FILTERS.includes(name));
// Airflow is told ids, or to take all open rows: what the filters let pass on other pages it does not know.
const filtered = () => filters().length > 0;

// What a change is about: ids, or everything that this page's filters let pass.
const chosen = () => (all() ? { ids: null, ...Object.fromEntries(filters()) } : { ids: picked() });

function selectionChanged() {
  const number = all() ? total() : picked().length;
  const note = host.querySelector("#chosen");
  if (!note) return;
  note.textContent = number ? `${count(number)} selected` : "Select rows to change several at once";
  for (const button of host.querySelectorAll("[data-set], [data-discard]")) button.disabled = !number;
  host.querySelector("[data-replay]").disabled = !number || (all() && filtered());
  const whole = host.querySelector("#pick-all");
  whole.checked = number > 0 && picks().every((box) => box.checked);
  whole.indeterminate = number > 0 && !whole.checked;
  for (const box of picks()) box.closest("tr").classList.toggle("picked", box.checked);
}

// The server draws the rows again; the focus goes back to where it was.
async function refresh(focused) {
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("rows");
  if (!fresh) return location.reload();
  Object.assign(host.dataset, fresh.dataset);
  host.replaceChildren(...fresh.childNodes);
  replay.counted(Number(host.dataset.corrected));
  selectionChanged();
  const row = focused && host.querySelector(`tr[data-row="${CSS.escape(focused)}"] [data-edit]`);
  (row ?? host.querySelector("[data-edit], .nothing a, #pick-all") ?? document.getElementById("main")).focus();
}

const replay = new Replay(document.getElementById("replay"), dataset, () => refresh());
const editor = new Editor(document.getElementById("editor"), path, refresh, () => picks().map(rowOf));

// A small dialog asks once more, sends, and says what came of it.
function ask(id, endpoint, body, said) {
  const dialog = document.getElementById(id);
  const form = dialog.querySelector("form");
  const note = dialog.querySelector("[data-count]");
  const rows = chosen();
  note.textContent = `For ${count(rows.ids ? rows.ids.length : total())}`;
  form.onsubmit = async (event) => {
    event.preventDefault();
    const button = form.querySelector(".primary");
    button.disabled = true;
    try {
      const answer = await send(`${path}/${endpoint}`, { ...rows, ...body(form.elements) });
      dialog.close();
      replay.say(said(answer));
      await refresh();
    } catch (problem) {
      note.textContent = problem.message;
    }
    button.disabled = false;
  };
  dialog.showModal();
}

function setField({ field, value, remove }) {
  return remove.checked ? { changes: {}, remove: [field.value] } : { changes: { [field.value]: value.value || null } };
}
const corrected = (answer) => `${count(answer.corrected)} corrected${answer.skipped ? `, ${count(answer.skipped)} left: no JSON objects` : ""}`;

host.addEventListener("change", (event) => {
  host.querySelector("[data-all]")?.setAttribute("aria-pressed", "false");
  if (event.target.id === "pick-all") for (const box of picks()) box.checked = event.target.checked;
  selectionChanged();
});
host.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("edit" in button.dataset) editor.open(rowOf(button));
  if ("set" in button.dataset) ask("setter", "corrections", setField, corrected);
  if ("discard" in button.dataset) ask("discarder", "discard", () => ({}), (answer) => `${count(answer.discarded)} discarded`);
  if ("replay" in button.dataset) all() ? replay.start(null, { uncorrected: true }) : replay.start(picked());
  if ("all" in button.dataset) {
    const on = !all();
    button.setAttribute("aria-pressed", String(on));
    for (const box of picks()) box.checked = on;
    selectionChanged();
  }
});
document.addEventListener("click", (event) => event.target.closest("dialog.small [data-close]")?.closest("dialog").close());

replay.counted(Number(host.dataset.corrected));
replay.resume();
document.documentElement.dataset.drawn = "";
