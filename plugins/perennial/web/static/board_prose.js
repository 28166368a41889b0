// The dialog of a text tile: its document in; changed, or null, out. What it will look like is shown beside it.
const by = (id) => document.getElementById(id);
const PAUSE_MS = 300;

// `draw(widget)` asks the server for a draft of it.
export function prose(widget, draw) {
  const dialog = by("texting");
  const form = dialog.querySelector("form");
  const { title, subtitle, text } = form.elements;
  const shown = dialog.querySelector(".prose");
  const said = dialog.querySelector("[role=alert]");
  const before = widget ?? { title: "", mark: "text", width: 12 };
  by("texting-title").textContent = widget ? "Text" : "New text";
  for (const field of [title, subtitle, text]) field.value = before[field.name] ?? "";
  said.textContent = "";
  const now = () => {
    const { text: _, subtitle: __, ...rest } = before;
    const filled = [subtitle, text].filter((field) => field.value.trim()).map((field) => [field.name, field.value.trimEnd()]);
    return { ...rest, title: title.value.trim(), ...Object.fromEntries(filled) };
  };
  let asked = 0;
  const preview = async () => {
    const mine = ++asked;
    const response = await draw({ ...now(), id: "text", title: title.value.trim() || "Text" }).catch(() => null);
    const answer = await response?.json().catch(() => null);
    if (mine !== asked) return;
    if (response?.ok) shown.innerHTML = answer.html;
    said.textContent = response?.ok ? "" : answer?.detail ?? "The server does not answer.";
  };
  let timer = 0;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(preview, PAUSE_MS);
  };
  dialog.showModal();
  title.focus();
  preview();
  return new Promise((resolve) => {
    const listeners = new AbortController();
    const { signal } = listeners;
    let answer = null;
    form.addEventListener("input", later, { signal });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!title.value.trim()) {
        said.textContent = "Give it a title.";
        return title.focus();
      }
      answer = now();
      dialog.close();
    }, { signal });
    form.querySelector("[data-cancel]").addEventListener("click", () => dialog.close(), { signal });
    dialog.addEventListener("close", () => {
      clearTimeout(timer);
      listeners.abort();
      resolve(answer);
    }, { signal });
  });
}
