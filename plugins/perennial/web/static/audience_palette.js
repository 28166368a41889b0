// The blocks there are, to be searched, and added by a click, by Enter, or by dragging them into the rule.
import { el } from "./dom.js";
import { carry } from "./audience_drag.js";
import { icon } from "./audience_icons.js";

const KINDS = { number: "number", text: "text", truth: "yes or no", date: "date", time: "time", list: "list", other: "" };

export class Palette {
  // `pick(item)` adds one; `fresh(item)` makes its node for a drop.
  constructor(node, vocabulary, { pick, fresh, own }) {
    Object.assign(this, { node, pick, fresh });
    this.items = [...itemsOf(vocabulary, own)];
    this.search = node.querySelector("input[type=search]");
    this.list = node.querySelector("[data-list]");
    this.target = node.querySelector("[data-target]");
    this.search.addEventListener("input", () => this.draw());
    node.addEventListener("keydown", (event) => this.press(event));
    this.draw();
  }

  focus() {
    this.search.focus();
    this.search.select();
  }

  pointsAt(title) {
    this.target.textContent = `Adds to: ${title}`;
  }

  draw() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.items.filter((item) => words.every((word) => item.searched.includes(word)));
    const groups = Map.groupBy ? Map.groupBy(found, (item) => item.group) : grouped(found);
    const sections = [...groups].map(([title, items]) => el("section", { "aria-label": title }, el("h3", {}, title), el("ul", {}, ...items.map((item) => el("li", {}, this.button(item))))));
    this.list.replaceChildren(...(found.length ? sections : [el("p", { class: "note" }, "Nothing of this name")]));
    this.rove(this.buttons[0]);
  }

  button(item) {
    const press = () => this.pick(item);
    const drag = (event) => carry(event, { title: item.label, fresh: () => this.fresh(item) });
    const about = [item.name !== item.label ? item.name : "", KINDS[item.of] ?? ""].filter(Boolean).join(" · ");
    return el("button", { type: "button", class: "offer", draggable: "true", tabindex: "-1", "data-kind": item.kind, "data-name": item.name, title: about || item.label, on: { click: press, dragstart: drag } },
      el("span", { class: "tile" }, icon(item.kind)), el("span", { class: "text" }, item.label));
  }

  get buttons() {
    return [...this.list.querySelectorAll("button")];
  }

  // One stop for the Tab key, arrows within.
  rove(button) {
    for (const one of this.buttons) one.tabIndex = one === button ? 0 : -1;
  }

  press(event) {
    const all = this.buttons;
    const at = all.indexOf(event.target);
    const go = { ArrowDown: at + 1, ArrowUp: at - 1, Home: at < 0 ? null : 0, End: at < 0 ? null : all.length - 1 }[event.key];
    if (event.key === "Enter" && event.target === this.search) {
      event.preventDefault();
      all[0]?.click();
      this.search.value = "";
      this.draw();
    }
    if (go === undefined || go === null) return;
    event.preventDefault();
    if (go < 0) return this.search.focus();
    const next = all[Math.min(go, all.length - 1)];
    if (!next) return;
    this.rove(next);
    next.focus();
  }
}

function* itemsOf(vocabulary, own) {
  const searched = (...texts) => texts.filter(Boolean).join(" ").toLowerCase();
  for (const one of vocabulary.events) yield { kind: "event", name: one.name, label: one.label, group: "Events", searched: searched(one.name, one.label, "event") };
  if (vocabulary.events.length) yield { kind: "sequence", name: "sequence", label: "Events one after the other", group: "Events", searched: "events one after the other sequence steps then" };
  for (const one of vocabulary.attributes) yield { kind: "attribute", name: one.name, label: one.label, of: one.kind, keys: one.keys, group: one.group ?? "Attributes", searched: searched(one.name, one.label, one.group) };
  for (const one of vocabulary.audiences) if (one.name !== own) yield { kind: "audience", name: one.name, label: one.title, group: "Audiences", searched: searched(one.name, one.title, "audience") };
  yield { kind: "share", name: "share", label: "Random share", group: "Chance", searched: "random share percent test control split chance" };
}

function grouped(items) {
  const groups = new Map();
  for (const item of items) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
  return groups;
}
