// The rule as nested groups of blocks on the page; every change goes out as a new tree, and is drawn again.
import { el } from "./dom.js";
import { adding, quiet } from "./audience_controls.js";
import { dropping } from "./audience_drag.js";
import { icon } from "./audience_icons.js";
import { acts, press } from "./audience_moves.js";
import { lines, named } from "./audience_rows.js";
import { topBlock } from "./audience_top.js";
import { add, find, groupOf, isGroup, kindOf, place, setMode, update } from "./audience_tree.js";

const MODES = [["all", "All of", "and"], ["any", "Any of", "or"], ["none", "None of", "or"]];

export class Canvas {
  // `change(tree, place)` takes a new tree; `browse()` leads to the palette.
  constructor(node, vocabulary, { change, browse, readOnly }) {
    Object.assign(this, { node, vocabulary, change, browse, readOnly, tree: null, group: null, pressed: false, late: false });
    node.addEventListener("focusin", (event) => this.focused(event.target));
    node.addEventListener("pointerdown", (event) => this.focused(event.target));
    node.addEventListener("keydown", (event) => press(this, event));
    // What is being pressed stays where it is until it is let go: a click on a node that is gone would be lost.
    document.addEventListener("pointerdown", (event) => this.pressedOn(event.target), true);
    for (const end of ["pointerup", "pointercancel", "dragend"]) document.addEventListener(end, () => this.released(), true);
    if (!readOnly) dropping(this);
  }

  pressedOn(target) {
    this.pressed = true;
    for (const menu of this.node.querySelectorAll(".menu[open]")) if (!menu.contains(target)) menu.open = false;
  }

  released() {
    this.pressed = false;
    if (this.late) setTimeout(() => this.late && this.draw());
  }

  set(tree, place = null, { redraw = true, focus = null } = {}) {
    this.change(tree, place);
    this.tree = tree;
    if (redraw) this.show(tree, focus);
  }

  show(tree, focus = null) {
    this.tree = tree;
    if (!find(tree, this.group)?.rules) this.group = tree.id;
    if (focus) this.wanted = focus;
    if (this.pressed) this.late = true;
    else this.draw();
  }

  draw() {
    this.late = false;
    const active = this.node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.node.replaceChildren(...[this.drawGroup(this.tree, null), topBlock(this)].filter(Boolean));
    if (this.readOnly) for (const control of this.node.querySelectorAll("input, select, button")) control.disabled = true;
    this.mark();
    this.refocus(this.wanted ?? active);
    this.wanted = null;
    this.node.dispatchEvent(new CustomEvent("drawn"));
  }

  // `key` of a control, or `node:` and an id for what is best to be filled in of it.
  refocus(key) {
    if (!key) return;
    if (!key.startsWith("node:")) return this.node.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
    const inside = this.node.querySelector(`[data-node="${key.slice(5)}"]`);
    const inputs = [...(inside?.querySelectorAll(".line input, .line select, .suggest input") ?? [])];
    const empty = inputs.find((one) => !one.value);
    (empty ?? inputs.find((one) => one.matches("input")) ?? inputs[0] ?? inside?.querySelector(".grip"))?.focus();
    inside?.scrollIntoView({ block: "nearest" });
  }

  focused(target) {
    const group = target.closest(".group")?.dataset.node;
    if (!group || group === this.group) return;
    this.group = group;
    this.mark();
  }

  mark() {
    for (const group of this.node.querySelectorAll(".group")) group.classList.toggle("current", group.dataset.node === this.group);
    this.node.dispatchEvent(new CustomEvent("pointed"));
  }

  get groupTitle() {
    const group = find(this.tree, this.group) ?? this.tree;
    const words = MODES.find(([mode]) => mode === group.mode)[1].toLowerCase();
    return place(this.tree, group.id).parent ? `the marked group (${words})` : `the whole rule (${words})`;
  }

  lens(node) {
    const id = node.id;
    return {
      path: place(this.tree, id).path,
      key: id,
      get: () => find(this.tree, id)?.rule,
      set: (rule, { redraw = false, place: at = null } = {}) => this.set(update(this.tree, id, (one) => ({ ...one, rule })), at, { redraw }),
    };
  }

  // A new block or group, at the end of the group that has the focus.
  append(node, groupId = this.group) {
    const focus = isGroup(node) ? `${node.id}:add` : `node:${node.id}`;
    this.set(add(this.tree, groupId, node), null, { focus });
  }

  drawGroup(node, parent) {
    const words = MODES.find(([mode]) => mode === node.mode);
    const radios = MODES.map(([mode, label]) => {
      const set = () => this.set(setMode(this.tree, node.id, mode));
      const input = el("input", { type: "radio", name: `mode-${node.id}`, value: mode, checked: mode === node.mode, "data-key": `${node.id}:${mode}`, on: { change: set } });
      return el("label", {}, input, el("span", {}, label));
    });
    const switches = el("fieldset", { class: "segments" }, el("legend", { class: "hide" }, "How these are combined"), ...radios);
    const path = place(this.tree, node.id).path;
    const rules = el("ol", { class: "rules", "data-word": words[2] }, ...node.rules.map((inner) => el("li", { "data-item": inner.id }, isGroup(inner) ? this.drawGroup(inner, node) : this.drawBlock(inner))));
    const browse = () => {
      this.group = node.id;
      this.mark();
      this.browse();
    };
    const foot = el("div", { class: "group-foot", "data-act": "" }, adding("Block", browse, { "data-key": `${node.id}:add` }), adding("Group", () => this.append(groupOf(node.mode === "any" ? "all" : "any"), node.id), { "data-key": `${node.id}:nest` }));
    const empty = node.rules.length ? [] : [el("p", { class: "void" }, parent ? "Drop blocks here, or choose one from the list." : "Who belongs to the audience? Choose a block from the list, or drag it here.")];
    return el("section", { class: "group", "data-node": node.id, "data-path": path, "data-mode": node.mode, "aria-label": `Group: ${words[1].toLowerCase()} ${node.rules.length} ${node.rules.length === 1 ? "rule" : "rules"}` },
      el("header", { class: "group-head line" }, ...(parent ? [this.grip(node, "this group")] : []), switches, el("span", { class: "word" }, "what follows"), ...(parent ? [acts(this, node)] : [])),
      rules, ...empty, foot);
  }

  drawBlock(node) {
    const kind = kindOf(node.rule);
    const name = named(node.rule, this.vocabulary);
    return el("article", { class: "block", "data-node": node.id, "data-kind": kind, "data-path": place(this.tree, node.id).path, "aria-label": name },
      this.grip(node, name), el("span", { class: "tile" }, icon(kind)),
      el("div", { class: "lines" }, ...lines(this.lens(node), this.vocabulary)), acts(this, node));
  }

  grip(node, name) {
    return quiet("grip", `Move ${name}: drag, or press the arrow keys`, () => {}, { class: "icon grip", draggable: "true", "data-key": `${node.id}:grip`, "data-grip": node.id, "data-act": "" });
  }
}
