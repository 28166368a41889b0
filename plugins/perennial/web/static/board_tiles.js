// The widgets of a dashboard that is edited: their documents in; tiles with handles, drawn from drafts, out.
import { icon } from "./audience_icons.js";
import { el } from "./dom.js";
import { Widget } from "./widget.js";

const size = ({ width = 6, height = "medium" }) => [`w-${width}`, `h-${height}`];
// What a tile shows, without where and how large it is.
const content = ({ width: _, height: __, ...rest }) => JSON.stringify(rest);
// The rest of what a widget says comes with its data.
const whole = (widget) => ({ subtitle: "", empty: "No rows for this day and these filters.", unit: "", ...widget });

export class Tiles {
  constructor(grid, board) {
    Object.assign(this, { grid, board, acts: null, known: new Map() });
  }

  show(widgets) {
    const focused = document.activeElement;
    for (const [id, tile] of this.known) {
      const widget = widgets.find((one) => one.id === id);
      if (widget && content(widget) === tile.content) continue;
      tile.shown.clear();
      tile.node.remove();
      this.known.delete(id);
    }
    widgets.forEach((widget, index) => {
      const tile = this.known.get(widget.id) ?? this.make(widget);
      if (this.grid.children[index] !== tile.node) this.grid.insertBefore(tile.node, this.grid.children[index] ?? null);
      this.fit(tile, widget);
    });
    if (focused?.isConnected && focused !== document.body) focused.focus({ preventScroll: true });
  }

  fit(tile, widget) {
    const wanted = size(widget);
    if (wanted.every((name) => tile.node.classList.contains(name))) return;
    resized(tile.node, wanted);
    if (tile.shown.data) tile.shown.draw();
  }

  make(widget) {
    const title = el("h2", { id: `title-${widget.id}` }, widget.title);
    const grip = el("button", { type: "button", class: "icon grip", "data-grip": "", "aria-label": `Move ${widget.title}: arrow keys`, title: "Drag, or press the arrow keys" }, icon("grip"));
    const corner = el("button", { type: "button", class: "corner", "data-size": "", "aria-label": `Resize ${widget.title}: arrow keys`, title: "Drag, or press the arrow keys" });
    const item = (words, act, kind) => el("button", { type: "button", class: kind, on: { click: () => act(widget.id) } }, words);
    const edit = el("button", { type: "button", class: "button small-button", "data-edit": "", on: { click: () => this.acts.edit(widget.id) } }, "Edit");
    const menu = el("details", { class: "menu" },
      el("summary", { "aria-label": `More about ${widget.title}` }, icon("more")),
      el("div", { class: "menu-list" },
        item("Duplicate", (id) => this.acts.duplicate(id)),
        item("Move earlier", (id) => this.acts.step(id, -1)),
        item("Move later", (id) => this.acts.step(id, 1)),
        item("Delete", (id) => this.acts.remove(id), "bad")));
    const node = el("section", { class: `card widget is-${widget.mark} ${size(widget).join(" ")}`, "data-widget": widget.id, "aria-labelledby": `title-${widget.id}` },
      el("header", {}, grip, el("div", { class: "titles" }, title, widget.subtitle ? el("p", {}, widget.subtitle) : null), edit, menu),
      el("div", { class: "body" }, el("div", { class: "skeleton", role: "status", "aria-label": `Loading ${widget.title}` })),
      corner);
    const shown = new Widget(node, whole(widget), { ...this.board, ask: () => this.board.ask(widget) });
    const tile = { node, shown, content: content(widget) };
    this.known.set(widget.id, tile);
    tile.loading = shown.load();
    return tile;
  }

  reload = () => Promise.all([...this.known.values()].map(({ shown }) => shown.load()));
  settled = () => Promise.all([...this.known.values()].map(({ loading }) => loading));
  title = (id) => this.known.get(id)?.shown.widget.title ?? id;

  focus(id, selector, scroll = false) {
    const node = this.known.get(id)?.node;
    if (scroll) node?.scrollIntoView({ block: "nearest" });
    node?.querySelector(selector)?.focus({ preventScroll: !scroll });
  }
}

// Puts the classes of a size on a tile in place of those that it has.
export function resized(node, wanted) {
  node.classList.remove(...[...node.classList].filter((name) => /^[wh]-/.test(name)));
  node.classList.add(...wanted);
}
