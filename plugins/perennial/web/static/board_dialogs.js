// The dialogs of the editor: a document as YAML, and the versions that were saved. Each gives a document, or null.
import { text, version, versions } from "./board_http.js";
import { el } from "./dom.js";

const by = (id) => document.getElementById(id);

// `asked` is what the API turns into YAML: {document, widget?, filters?}.
export async function written(title, asked) {
  const dialog = by("writing");
  const form = dialog.querySelector("form");
  const said = by("writing-said");
  by("writing-title").textContent = title;
  said.textContent = "";
  try {
    form.elements.text.value = (await text(asked)).yaml;
  } catch (problem) {
    form.elements.text.value = "";
    said.textContent = problem.message;
  }
  dialog.showModal();
  form.elements.text.setSelectionRange(0, 0);
  form.elements.text.scrollTop = 0;
  const { document: _, ...rest } = asked;
  return answered(dialog, said, async () => (await text({ ...rest, yaml: form.elements.text.value })).document);
}

// What a dialog's form comes to, or null if it is cancelled. What is wrong with it is said, and it stays open.
// `listen` may add listeners of its own, which end with it.
export function answered(dialog, said, read, listen = () => {}) {
  const form = dialog.querySelector("form");
  return new Promise((resolve) => {
    const listeners = new AbortController();
    const { signal } = listeners;
    let answer = null;
    listen(signal);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        answer = await read();
        dialog.close();
      } catch (problem) {
        said.textContent = problem.message;
      }
    }, { signal });
    form.querySelector("[data-cancel]").addEventListener("click", () => dialog.close(), { signal });
    dialog.addEventListener("close", () => {
      listeners.abort();
      resolve(answer);
    }, { signal });
  });
}

export async function chosen(name, current) {
  const dialog = by("versions");
  const list = dialog.querySelector("[data-list]");
  let answer = null;
  const take = async (number) => {
    answer = (await version(name, number)).document;
    dialog.close();
  };
  list.replaceChildren();
  dialog.showModal();
  try {
    const known = (await versions(name)).versions;
    list.replaceChildren(el("ol", { class: "versions" }, ...known.map((one) => entry(one, current, take))));
  } catch (problem) {
    list.replaceChildren(el("p", { class: "bad", role: "alert" }, problem.message));
  }
  return new Promise((resolve) => {
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close(), { once: true });
    dialog.addEventListener("close", () => resolve(answer), { once: true });
  });
}

function entry(one, current, take) {
  const when = new Date(one.saved_at);
  const what = one.deleted ? "deleted" : `“${one.title}”, ${one.widgets} ${one.widgets === 1 ? "widget" : "widgets"}`;
  const act = one.deleted ? null : el("button", { type: "button", class: "button", disabled: one.version === current, on: { click: () => take(one.version) } }, one.version === current ? "This is it" : "Take it");
  return el("li", {}, el("div", {}, el("p", {}, el("strong", {}, `Version ${one.version}`), ` · ${what}`), el("p", { class: "note" }, `${one.saved_by}, `, el("time", { datetime: one.saved_at }, when.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })))), act);
}
