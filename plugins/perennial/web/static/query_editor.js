// The editor: a textarea over a coloured copy of its text, with line numbers and a mark where an error is.
import { el } from "./dom.js";
import { tokens } from "./query_words.js";

const INDENT = "    ";

export class Editor {
  constructor(node, { run, changed }) {
    this.area = node.querySelector("textarea");
    this.painted = node.querySelector(".painted");
    this.gutter = node.querySelector(".gutter");
    this.wrong = null;
    this.leaving = false;
    this.run = run;
    this.changed = changed;
    this.area.addEventListener("input", () => this.touched());
    this.area.addEventListener("scroll", () => this.follow());
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.area.addEventListener("blur", () => (this.leaving = false));
  }

  get text() {
    return this.area.value;
  }

  set text(value) {
    this.area.value = value;
    this.wrong = null;
    this.paint();
    this.changed();
  }

  // What is selected, or all of it, and where that begins.
  get chosen() {
    const { selectionStart: start, selectionEnd: end, value } = this.area;
    const part = value.slice(start, end);
    return part.trim() ? { text: part, start } : { text: value, start: 0 };
  }

  touched() {
    this.wrong = null;
    this.paint();
    this.changed();
  }

  mark(place) {
    this.wrong = place;
    this.paint();
    if (!place) return;
    const line = this.text.slice(0, place[0]).split("\n").length - 1;
    this.area.scrollTop = Math.max(0, (line - 3) * 20);
    this.follow();
  }

  // Puts text where the caret is, in such a way that undo takes it out again.
  insert(text) {
    this.area.focus();
    if (!document.execCommand("insertText", false, text)) {
      this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, "end");
      this.touched();
    }
  }

  replace(start, end, text) {
    this.area.focus();
    this.area.setSelectionRange(start, end);
    this.insert(text);
  }

  key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      return this.run();
    }
    if (event.key === "Escape") {
      this.leaving = true;
      return;
    }
    if (event.key !== "Tab" || this.leaving || event.defaultPrevented) return;
    event.preventDefault();
    this.indent(event.shiftKey);
  }

  indent(less) {
    const { selectionStart: start, selectionEnd: end, value } = this.area;
    const from = value.lastIndexOf("\n", start - 1) + 1;
    if (!less && !value.slice(start, end).includes("\n")) return this.insert(INDENT.slice((start - from) % INDENT.length));
    const lines = value.slice(from, end).split("\n");
    const moved = lines.map((line) => (less ? line.replace(/^ {1,4}/, "") : line && INDENT + line));
    this.replace(from, end, moved.join("\n"));
    this.area.setSelectionRange(from, from + moved.join("\n").length);
  }

  follow() {
    this.painted.scrollTop = this.gutter.scrollTop = this.area.scrollTop;
    this.painted.scrollLeft = this.area.scrollLeft;
  }

  paint() {
    const text = this.text;
    const pieces = [];
    let end = 0;
    for (const token of tokens(text)) {
      pieces.push(...this.piece(text, end, token.start, null), ...this.piece(text, token.start, token.end, token.kind));
      end = token.end;
    }
    pieces.push(...this.piece(text, end, text.length, null), "\n");
    this.painted.replaceChildren(...pieces);
    const wrongLine = this.wrong ? text.slice(0, this.wrong[0]).split("\n").length : 0;
    const count = text.split("\n").length;
    this.gutter.replaceChildren(...Array.from({ length: count }, (_, index) => el("div", { class: index + 1 === wrongLine ? "wrong" : null }, String(index + 1))), el("div", {}, " "));
    this.follow();
  }

  // A part of the text, cut where a mistake begins and ends.
  piece(text, start, end, kind) {
    const [from, to] = this.wrong ?? [0, 0];
    const cuts = [start, ...[from, to].filter((cut) => cut > start && cut < end), end];
    const parts = [];
    for (let index = 1; index < cuts.length; index += 1) {
      const inside = cuts[index - 1] >= from && cuts[index] <= to && to > from;
      const part = text.slice(cuts[index - 1], cuts[index]);
      if (!part) continue;
      const names = [kind === "name" || kind === "number" ? null : kind, inside ? "wrong" : null].filter(Boolean);
      parts.push(names.length ? el("span", { class: names.join(" ") }, part) : part);
    }
    return parts;
  }
}
