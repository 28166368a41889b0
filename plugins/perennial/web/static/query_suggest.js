// Suggestions while a name is typed: tables, columns of the tables that are named, functions, keywords.
import { el } from "./dom.js";
import { KEYWORDS, quoted, tokens } from "./query_words.js";

const WORD = /[A-Za-z_À-ɏ][\wÀ-ɏ]*(?:\.[\wÀ-ɏ]*)?$/;
const MOST = 30;

export class Suggestions {
  constructor(editor, node, known) {
    Object.assign(this, { editor, node, known, found: [], at: 0 });
    const { area } = editor;
    area.addEventListener("input", (event) => (event.isTrusted && event.inputType !== "insertFromPaste" ? this.look(2) : this.hide()));
    area.addEventListener("keydown", (event) => this.key(event), true);
    area.addEventListener("blur", () => setTimeout(() => this.hide(), 150));
    area.addEventListener("click", () => this.hide());
    node.addEventListener("mousedown", (event) => {
      const item = event.target.closest("li");
      if (!item) return;
      event.preventDefault();
      this.at = [...node.children].indexOf(item);
      this.take();
    });
  }

  look(least) {
    const { area } = this.editor;
    const caret = area.selectionStart;
    const before = area.value.slice(0, caret);
    const word = WORD.exec(before)?.[0] ?? "";
    const inside = tokens(area.value).some((one) => ["comment", "literal"].includes(one.kind) && one.start < caret && caret < one.end);
    if (inside || (word.length < least && !word.endsWith(".")) || area.selectionEnd !== caret) return this.hide();
    this.word = word;
    this.found = this.matches(word);
    if (!this.found.length || (this.found.length === 1 && this.found[0].text === word)) return this.hide();
    this.at = 0;
    this.show(before);
  }

  matches(word) {
    const asked = word.toLowerCase();
    const { tables, functions } = this.known();
    const text = this.editor.text.toLowerCase();
    const named = tables.filter((one) => text.includes(one.name.toLowerCase()));
    const [alias, part] = asked.includes(".") ? asked.split(".") : [null, asked];
    const columns = named.flatMap((one) => one.columns.map((column) => ({ text: (alias ? `${word.split(".")[0]}.` : "") + quoted(column.name), key: column.name.toLowerCase(), about: column.type })));
    const all = [
      ...columns.filter((one) => one.key.startsWith(part)),
      ...tables.map((one) => ({ text: one.full, key: one.full.toLowerCase(), other: one.name.toLowerCase(), about: "table" })).filter((one) => one.key.startsWith(asked) || one.other.startsWith(asked)),
      ...functions.map((one) => ({ text: `${one.name}(`, key: one.name, about: one.kind === "table" ? "read FROM" : "function" })).filter((one) => one.key.startsWith(asked)),
      ...(alias === null ? KEYWORDS.map((one) => ({ text: one, key: one.toLowerCase(), about: "" })).filter((one) => one.key.startsWith(asked)) : []),
    ];
    const seen = new Set();
    return all.filter((one) => !seen.has(one.text) && seen.add(one.text)).slice(0, MOST);
  }

  show(before) {
    this.node.replaceChildren(...this.found.map((one, index) => el("li", { role: "option", id: `suggestion-${index}`, "aria-selected": String(index === 0) }, one.text, el("span", {}, one.about))));
    const line = before.split("\n").length;
    const column = before.length - before.lastIndexOf("\n") - 1 - this.word.length;
    const { area } = this.editor;
    this.node.hidden = false;
    const left = 4 + column * this.letter() - area.scrollLeft;
    const top = 10 + line * 20 - area.scrollTop;
    const room = area.parentElement.clientHeight;
    const above = top + this.node.offsetHeight > room && top - 20 > this.node.offsetHeight;
    this.node.style.left = `${Math.max(0, Math.min(left, area.clientWidth - this.node.offsetWidth - 8))}px`;
    this.node.style.top = `${above ? top - 20 - this.node.offsetHeight : top}px`;
    this.node.style.maxHeight = `${Math.max(90, Math.min(216, above ? top - 24 : room - top - 6))}px`;
    area.setAttribute("aria-activedescendant", "suggestion-0");
    area.setAttribute("aria-controls", "suggestions");
  }

  letter() {
    if (!this.width) {
      const context = document.createElement("canvas").getContext("2d");
      context.font = getComputedStyle(this.editor.area).font;
      this.width = context.measureText("M").width;
    }
    return this.width;
  }

  key(event) {
    if (event.ctrlKey && event.key === " ") {
      event.preventDefault();
      return this.look(0);
    }
    if (this.node.hidden || event.ctrlKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.at = (this.at + step + this.found.length) % this.found.length;
      [...this.node.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === this.at)));
      this.node.children[this.at].scrollIntoView({ block: "nearest" });
      this.editor.area.setAttribute("aria-activedescendant", `suggestion-${this.at}`);
    } else if (event.key === "Enter" || event.key === "Tab") this.take();
    else if (event.key === "Escape") this.hide();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  take() {
    const chosen = this.found[this.at];
    const caret = this.editor.area.selectionStart;
    this.hide();
    this.editor.replace(caret - this.word.length, caret, chosen.text);
    this.hide();
  }

  hide() {
    this.node.hidden = true;
    this.editor.area.removeAttribute("aria-activedescendant");
  }
}
