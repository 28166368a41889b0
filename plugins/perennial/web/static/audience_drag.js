// Dragging blocks: from the palette into a group, or from one place of the rule to another.
import { add, contains, find, isGroup, move, place } from "./audience_tree.js";

let carried = null; // {id} of a node, or {fresh: () => node}: a browser tells what is dragged only at its end

export function carry(event, what) {
  carried = what;
  event.dataTransfer.effectAllowed = "copyMove";
  event.dataTransfer.setData("text/plain", what.title ?? "");
}

export function dropping(canvas) {
  const { node } = canvas;
  const clear = () => node.querySelectorAll(".over, .before, .after").forEach((one) => one.classList.remove("over", "before", "after"));
  node.addEventListener("dragstart", (event) => {
    const id = event.target.closest?.("[data-grip]")?.dataset.grip;
    if (!id) return;
    const whole = node.querySelector(`[data-node="${id}"]`);
    carry(event, { id });
    event.dataTransfer.setDragImage(whole, 16, 16);
    setTimeout(() => whole.classList.add("dragged"));
  });
  document.addEventListener("dragend", () => {
    carried = null;
    clear();
    node.querySelectorAll(".dragged").forEach((one) => one.classList.remove("dragged"));
  });
  node.addEventListener("dragover", (event) => {
    clear();
    const found = carried && spot(canvas, event);
    if (!found) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = carried.id ? "move" : "copy";
    const { group, index } = found;
    const items = [...node.querySelector(`[data-node="${group}"] > .rules`).children];
    if (!items.length) return node.querySelector(`[data-node="${group}"]`).classList.add("over");
    if (index < items.length) items[index].classList.add("before");
    else items.at(-1).classList.add("after");
  });
  node.addEventListener("dragleave", (event) => !node.contains(event.relatedTarget) && clear());
  node.addEventListener("drop", (event) => {
    const found = carried && spot(canvas, event);
    if (!found) return;
    event.preventDefault();
    const { group, index } = found;
    const fresh = carried.fresh?.();
    const tree = fresh ? add(canvas.tree, group, fresh, index) : move(canvas.tree, carried.id, group, index);
    const focus = fresh ? `node:${fresh.id}` : `${carried.id}:grip`;
    carried = null;
    canvas.pressed = false;
    canvas.group = group;
    if (tree !== canvas.tree) canvas.set(tree, null, { focus });
  });
}

// The group below the pointer, and the position in it: before the first item whose middle is below the pointer.
function spot(canvas, event) {
  const id = event.target.closest(".group")?.dataset.node ?? canvas.tree.id;
  const group = find(canvas.tree, id);
  if (!group || !isGroup(group)) return null;
  if (carried.id && (!place(canvas.tree, carried.id) || contains(find(canvas.tree, carried.id), id))) return null;
  const items = [...canvas.node.querySelector(`[data-node="${id}"] > .rules`).children];
  const at = items.findIndex((item) => {
    const box = item.getBoundingClientRect();
    return event.clientY < box.top + box.height / 2;
  });
  return { group: id, index: at < 0 ? items.length : at };
}
