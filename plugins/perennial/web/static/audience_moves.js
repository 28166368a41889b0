// What can be done with a block or a group as a whole: buttons beside it, and keys.
import { el } from "./dom.js";
import { quiet } from "./audience_controls.js";
import { icon } from "./audience_icons.js";
import { duplicate, find, isGroup, place, remove, step, target, unwrap, wrap } from "./audience_tree.js";

const ARROWS = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "out", ArrowRight: "in" };
const STEPS = [["up", "Move up", "Alt ↑"], ["down", "Move down", "Alt ↓"], ["in", "Into the group beside it", "Alt →"], ["out", "Out of its group", "Alt ←"]];

// One list of all that can be done with a node; removing it is always in view.
export function acts(canvas, node) {
  const menu = el("details", { class: "menu" }, el("summary", { "aria-label": "More", "data-key": `${node.id}:more` }, icon("more")));
  const item = (text, keys, act, disabled = false) => el("button", { type: "button", disabled, on: { click: act } }, text, keys ? el("kbd", {}, keys) : null);
  menu.addEventListener("toggle", () => {
    if (!menu.open) return menu.querySelector(".menu-list")?.remove();
    const steps = STEPS.map(([direction, text, keys]) => item(text, keys, () => go(canvas, node.id, direction), !target(canvas.tree, node.id, direction)));
    const whole = isGroup(node)
      ? [item("Ungroup", "", () => canvas.set(unwrap(canvas.tree, node.id)), !node.rules.length)]
      : [item("Put in a group", "", () => canvas.set(wrap(canvas.tree, node.id), null, { focus: `${node.id}:grip` }))];
    menu.append(el("div", { class: "menu-list" }, ...steps, ...whole, item("Duplicate", "", () => twice(canvas, node.id))));
    menu.querySelector("button:enabled").focus();
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  return el("div", { class: "acts", "data-act": "" }, quiet("close", "Remove", () => gone(canvas, node.id), { "data-key": `${node.id}:gone` }), menu);
}

const go = (canvas, id, direction) => target(canvas.tree, id, direction) && canvas.set(step(canvas.tree, id, direction), null, { focus: `${id}:grip` });

function twice(canvas, id) {
  const tree = duplicate(canvas.tree, id);
  const { parent, index } = place(tree, id);
  canvas.set(tree, null, { focus: `node:${parent.rules[index + 1].id}` });
}

// The focus goes to what takes its place, or to the group that it was in.
function gone(canvas, id) {
  const { parent, index } = place(canvas.tree, id);
  const next = parent.rules[index + 1] ?? parent.rules[index - 1];
  canvas.set(remove(canvas.tree, id), null, { focus: next ? `${next.id}:gone` : `${parent.id}:add` });
}

// Alt and an arrow moves what the focus is in; on a grip the arrow alone does. Delete there removes it.
export function press(canvas, event) {
  const id = event.target.closest("[data-node]")?.dataset.node;
  if (canvas.readOnly || !id || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const grip = event.target.closest("[data-grip]");
  const node = find(canvas.tree, id);
  if (!place(canvas.tree, id)?.parent || !node) return;
  if (grip && event.key === "Delete") {
    event.preventDefault();
    return gone(canvas, id);
  }
  const opens = event.target.matches("select, input[type^=date]"); // there Alt and an arrow opens a list
  if (!(event.key in ARROWS) || opens || !(grip || event.altKey)) return;
  event.preventDefault();
  go(canvas, id, ARROWS[event.key]);
}
