// The definition as JSON, to be read, copied, edited and applied; what cannot be read is said, and applied never.
import { MODES } from "./audience_tree.js";

const KNOWN = ["title", "description", "purpose", "state", "evaluation", "rule", "top"];

export class Code {
  // `read()` gives the definition; `apply(definition)` takes one.
  constructor(node, { read, apply }) {
    Object.assign(this, { node, read, apply, shown: "" });
    this.text = node.querySelector("textarea");
    this.said = node.querySelector("[data-said]");
    node.querySelector("[data-apply]").addEventListener("click", () => this.take());
    node.querySelector("[data-reset]").addEventListener("click", () => this.show());
    this.text.addEventListener("input", () => this.judge());
  }

  get dirty() {
    return this.text.value !== this.shown;
  }

  show() {
    this.text.value = this.shown = JSON.stringify(this.read(), null, 2);
    this.judge();
  }

  judge() {
    const problem = this.dirty ? this.parse().problem : null;
    this.said.textContent = problem ?? (this.dirty ? "Edited, not applied yet" : "As in the builder");
    this.said.className = problem ? "bad" : "note";
    this.text.setAttribute("aria-invalid", String(Boolean(problem)));
    this.node.querySelector("[data-apply]").disabled = !this.dirty || Boolean(problem);
    this.node.querySelector("[data-reset]").disabled = !this.dirty;
  }

  parse() {
    let definition;
    try {
      definition = JSON.parse(this.text.value);
    } catch (error) {
      return { problem: `This is no JSON: ${error.message}` };
    }
    return { definition, problem: shapeProblem(definition) };
  }

  take() {
    const { definition, problem } = this.parse();
    if (problem) return;
    this.apply(definition);
    this.show();
    this.said.textContent = "Applied";
  }
}

// Only what would keep the builder from showing it; whether the rule works, the estimate says.
function shapeProblem(definition) {
  if (!isObject(definition)) return "Expected an object with title, description, purpose and rule.";
  const strange = Object.keys(definition).find((key) => !KNOWN.includes(key));
  if (strange) return `There is no “${strange}” in a definition: it has ${KNOWN.join(", ")}.`;
  if (definition.state !== undefined && !["draft", "published", "inactive"].includes(definition.state)) return "The state is draft, published or inactive.";
  if (definition.title !== undefined && typeof definition.title !== "string") return "The title is a text.";
  if (!isObject(definition.rule)) return "Expected a rule: an object.";
  if (definition.top !== undefined && !isObject(definition.top)) return "Expected top as an object, such as { \"by\": \"spend_12m\", \"most\": 1000 }.";
  return ruleProblem(definition.rule, "rule");
}

function ruleProblem(rule, path) {
  if (!isObject(rule)) return `${path}: expected an object.`;
  for (const mode of MODES) {
    for (const [index, inner] of (Array.isArray(rule[mode]) ? rule[mode] : []).entries()) {
      const problem = ruleProblem(inner, `${path}.${mode}[${index}]`);
      if (problem) return problem;
    }
  }
  if ("sequence" in rule && !(Array.isArray(rule.sequence) && rule.sequence.every(isObject))) return `${path}.sequence: expected a list of steps.`;
  return null;
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
