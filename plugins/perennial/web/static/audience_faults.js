// Errors with paths in, each said beside the input that it is about, or beside the nearest thing around it.
import { el } from "./dom.js";

let last = 0;

// `mood` is "bad" for what the server refuses, and "open" for what is still to be filled in.
export function blame(node, errors, mood) {
  for (const old of node.querySelectorAll(".fault")) old.remove();
  for (const marked of node.querySelectorAll("[data-fault]")) {
    marked.removeAttribute("data-fault");
    marked.removeAttribute("aria-invalid");
    marked.removeAttribute("aria-describedby");
  }
  const places = [...node.querySelectorAll("[data-path]")];
  for (const { path, message } of errors) {
    const found = nearest(places, path);
    if (found) say(found, message, mood);
  }
}

// The deepest place that the path goes through; of several with the same path, an input before what is around it.
function nearest(places, path) {
  const around = places.filter((one) => within(path, one.dataset.path));
  const depth = Math.max(...around.map((one) => one.dataset.path.length));
  const deepest = around.filter((one) => one.dataset.path.length === depth);
  return deepest.find((one) => one.matches("input, select") && one.dataset.path === path) ?? deepest.find((one) => !one.matches("input, select")) ?? deepest[0];
}

const within = (path, whole) => whole === "" || path === whole || path.startsWith(`${whole}.`) || path.startsWith(`${whole}[`);

function say(found, message, mood) {
  const id = `fault-${++last}`;
  const input = found.matches("input, select") ? found : null;
  const home = found.closest(".line") ?? found.querySelector(":scope > .lines, :scope > header") ?? found;
  home.append(el("p", { class: `fault ${mood}`, id }, message));
  const marked = input ?? found;
  marked.dataset.fault = mood;
  if (input && mood === "bad") input.setAttribute("aria-invalid", "true");
  marked.setAttribute("aria-describedby", [marked.getAttribute("aria-describedby"), id].filter(Boolean).join(" "));
}
