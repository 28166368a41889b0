// A text input that suggests what there is, the most frequent first, with how many people or events have it.
import { el } from "./dom.js";
import { values } from "./audience_http.js";
import { bar } from "./audience_icons.js";
import { count, valueWords } from "./audience_words.js";

const PAUSE_MS = 200;
let boxes = 0;

// `source` asks for values; `typed` is told of every letter, `chosen` of a suggestion or, on Enter, of the text.
export function suggest(input, source, { typed = () => {}, chosen, taken = () => [] }) {
  const id = `suggestions-${++boxes}`;
  const list = el("ul", { id, role: "listbox", "aria-label": "Values there are", hidden: true });
  const box = el("span", { class: "suggest" }, input, list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id, autocomplete: "off" })) input.setAttribute(name, value);
  let asking = null;
  let timer = 0;
  let at = -1;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const shown = () => !list.hidden;

  function close() {
    clearTimeout(timer);
    asking?.abort();
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function point(next) {
    const all = options();
    if (!all.length) return;
    at = (next + all.length) % all.length;
    all.forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    input.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  }

  function take(value) {
    close();
    chosen(value);
  }

  function show(answer) {
    const found = answer.values.filter((one) => one.value !== null && !taken().includes(one.value));
    const most = Math.max(1, ...found.map((one) => one.count));
    const rows = found.map((one, index) =>
      el("li", { id: `${id}-${index}`, role: "option", "aria-selected": "false", on: { mousedown: (event) => (event.preventDefault(), take(one.value)) } },
        el("span", { class: "text" }, valueWords(one.value)), el("span", { class: "numeric" }, count(one.count)), bar(one.count / most)));
    const rest = answer.distinct - answer.values.length;
    const note = !found.length ? "No such value; what you type is taken as it is" : rest > 0 ? `and ${count(rest)} more: type to find them` : null;
    list.replaceChildren(...rows, ...(note ? [el("li", { class: "note", role: "presentation" }, note)] : []));
    list.hidden = false;
    at = -1;
    input.setAttribute("aria-expanded", "true");
  }

  async function ask() {
    asking?.abort();
    const mine = (asking = new AbortController());
    try {
      const answer = await values({ ...source, search: input.value.trim() }, mine.signal);
      if (!mine.signal.aborted && document.activeElement === input) show(answer);
    } catch {
      // Without suggestions it is a text input like any other.
    }
  }

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  };
  const KEYS = {
    ArrowDown: () => (shown() ? point(at + 1) : ask()),
    ArrowUp: () => shown() && point(at - 1),
    Enter: () => (at >= 0 && shown() ? options()[at].dispatchEvent(new MouseEvent("mousedown", { cancelable: true })) : take(input.value)),
    Escape: () => close(),
  };
  input.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS) || event.altKey || event.ctrlKey || event.isComposing) return;
    if (event.key === "Escape" && !shown()) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  input.addEventListener("input", () => {
    typed(input.value);
    soon();
  });
  input.addEventListener("focus", soon);
  input.addEventListener("blur", close);
  return box;
}
