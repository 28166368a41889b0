// A filter of which several values can be chosen: found by words, counted, and taken back; none is all of them.
export class Several {
  // `changed()` is told of what the form itself does not tell: that all were taken back.
  constructor(node, changed) {
    Object.assign(this, { node, changed, boxes: [...node.querySelectorAll("[type=checkbox]")], search: node.querySelector("[type=search]") });
    this.search?.addEventListener("input", () => this.find());
    this.search?.addEventListener("change", (event) => event.stopPropagation());
    node.addEventListener("toggle", () => node.open && (this.search ?? this.boxes[0])?.focus());
    node.addEventListener("keydown", (event) => this.key(event));
    node.querySelector("[data-all]").addEventListener("click", () => this.set([]));
    this.show();
  }

  get values() {
    return this.boxes.filter((box) => box.checked).map((box) => box.value);
  }

  set(values) {
    for (const box of this.boxes) box.checked = values.includes(box.value);
    this.show();
    this.changed();
  }

  show() {
    const chosen = this.boxes.filter((box) => box.checked);
    const one = chosen.length === 1 ? chosen[0].nextElementSibling.textContent : null;
    this.node.querySelector("[data-chosen]").textContent = one ?? (chosen.length ? `${chosen.length} of ${this.boxes.length}` : "All");
    this.node.querySelector("[data-all]").disabled = !chosen.length;
  }

  find() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = this.boxes.filter((box) => {
      const label = box.closest("label");
      label.hidden = !words.every((word) => label.textContent.toLowerCase().includes(word));
      return !label.hidden;
    });
    this.node.querySelector("[data-none]").hidden = shown.length > 0;
  }

  // Arrows lead through what was found; Enter in the search takes the only one.
  key(event) {
    const shown = this.boxes.filter((box) => !box.closest("label").hidden);
    if (event.key === "Enter" && event.target === this.search) {
      event.preventDefault();
      if (shown.length === 1) shown[0].click();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !this.node.open) return;
    event.preventDefault();
    const next = shown[shown.indexOf(event.target) + step];
    (next ?? (step < 0 ? this.search : null))?.focus();
  }
}
