// A rule in, a tree whose nodes have ids and can be moved about, and the same rule again, out. No DOM.
// Nodes are groups {id, mode, rules, extra} and blocks {id, rule}; every function gives a new tree. The root may
// carry what else decides who belongs to an audience, such as `top`: it stays there whatever is moved.
export const MODES = ["all", "any", "none"];
const BLOCKS = ["attribute", "event", "sequence", "audience", "share"];
let last = 0;
const fresh = () => `n${++last}`;

export const modeOf = (rule) => MODES.find((mode) => Array.isArray(rule?.[mode]));
export const kindOf = (rule) => BLOCKS.find((kind) => kind in rule) ?? (excluded(rule) ? "audience" : "unknown");
// “Is not in the audience” is one block, though as a rule it is a group with one in it.
export function excluded(rule) {
  const inner = Object.keys(rule).length === 1 && rule.none?.length === 1 ? rule.none[0] : null;
  return inner && Object.keys(inner).length === 1 && "audience" in inner ? inner : null;
}

export const isGroup = (node) => node.mode !== undefined;

export function nodeOf(rule) {
  const mode = kindOf(rule) === "unknown" ? modeOf(rule) : undefined;
  if (!mode) return { id: fresh(), rule };
  const { [mode]: rules, ...extra } = rule;
  return { id: fresh(), mode, rules: rules.map(nodeOf), extra };
}

export const groupOf = (mode, rules = []) => ({ id: fresh(), mode, rules, extra: {} });

// The root is always a group; a `bare` one was put around a single block, and goes again if that stays alone.
export function treeOf(rule) {
  if (!rule || Object.keys(rule).length === 0) return { ...groupOf("all"), bare: true };
  const node = nodeOf(rule);
  return isGroup(node) ? node : { ...groupOf("all", [node]), bare: true };
}

const isTransparent = (node) => Boolean(node.bare) && node.mode === "all" && node.rules.length === 1;

export function ruleOf(node) {
  if (!isGroup(node)) return node.rule;
  if (isTransparent(node)) return ruleOf(node.rules[0]);
  return { [node.mode]: node.rules.map(ruleOf), ...node.extra };
}

// Every node with its parent, its position there, and its path as the API names it in errors.
export function* places(node, path = "", parent = null, index = 0) {
  yield { node, parent, index, path };
  if (!isGroup(node)) return;
  for (const [at, inner] of node.rules.entries()) {
    const here = isTransparent(node) ? path : `${path ? `${path}.` : ""}${node.mode}[${at}]`;
    yield* places(inner, here, node, at);
  }
}

export const place = (tree, id) => [...places(tree)].find((one) => one.node.id === id) ?? null;
export const find = (tree, id) => place(tree, id)?.node ?? null;
export const contains = (node, id) => place(node, id) !== null;

export function update(tree, id, change) {
  if (tree.id === id) return change(tree);
  if (!isGroup(tree)) return tree;
  const rules = tree.rules.map((inner) => update(inner, id, change));
  return rules.every((inner, at) => inner === tree.rules[at]) ? tree : { ...tree, rules };
}

export const setMode = (tree, id, mode) => update(tree, id, (group) => ({ ...group, mode }));

export const add = (tree, groupId, node, index = Infinity) =>
  update(tree, groupId, (group) => ({ ...group, rules: group.rules.toSpliced(Math.min(index, group.rules.length), 0, node) }));

export function remove(tree, id) {
  const parent = place(tree, id)?.parent;
  if (!parent) return tree;
  return update(tree, parent.id, (group) => ({ ...group, rules: group.rules.filter((inner) => inner.id !== id) }));
}

// `index` counts among the group's rules as they are before the move. A group does not go into itself.
export function move(tree, id, groupId, index) {
  const from = place(tree, id);
  if (!from?.parent || contains(from.node, groupId)) return tree;
  const shifted = from.parent.id === groupId && from.index < index ? index - 1 : index;
  return add(remove(tree, id), groupId, from.node, shifted);
}

// Where a step by the keyboard leads: [group, index] for `move`, or null where there is no way on.
export function target(tree, id, direction) {
  const { parent, index } = place(tree, id) ?? {};
  if (!parent) return null;
  const above = place(tree, parent.id);
  const outside = above.parent ? [above.parent.id, above.index + (direction === "up" ? 0 : 1)] : null;
  const [before, after] = [parent.rules[index - 1], parent.rules[index + 1]];
  if (direction === "up") return before ? [parent.id, index - 1] : outside;
  if (direction === "down") return after ? [parent.id, index + 2] : outside;
  if (direction === "out") return outside;
  if (before && isGroup(before)) return [before.id, before.rules.length];
  return after && isGroup(after) ? [after.id, 0] : null;
}

export function step(tree, id, direction) {
  const found = target(tree, id, direction);
  return found ? move(tree, id, ...found) : tree;
}

// Around a node, a group of the other kind: one that would say the same as before is of no use.
export function wrap(tree, id) {
  const mode = place(tree, id)?.parent?.mode === "any" ? "all" : "any";
  return update(tree, id, (node) => groupOf(mode, [node]));
}

export function unwrap(tree, id) {
  const found = place(tree, id);
  if (!found?.parent) return tree;
  const { node, parent, index } = found;
  return update(tree, parent.id, (group) => ({ ...group, rules: group.rules.toSpliced(index, 1, ...node.rules) }));
}

const copied = (node) => (isGroup(node) ? { ...node, id: fresh(), rules: node.rules.map(copied) } : { id: fresh(), rule: structuredClone(node.rule) });

export function duplicate(tree, id) {
  const { node, parent, index } = place(tree, id) ?? {};
  return parent ? add(tree, parent.id, copied(node), index + 1) : tree;
}
