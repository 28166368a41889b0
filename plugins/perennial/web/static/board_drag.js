// Moving and resizing tiles by mouse, pen, finger and keys; what was wanted is told to `acts` once it is certain.
import { HEIGHTS } from "./board_layout.js";
import { resized } from "./board_tiles.js";

const EDGE = 60; // pixels from the window's edge within which it scrolls
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function arranging(grid, acts) {
  grid.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("[data-grip], [data-size]");
    if (!handle || event.button) return;
    event.preventDefault();
    handle.focus({ preventScroll: true });
    const tile = handle.closest("[data-widget]");
    const gesture = "grip" in handle.dataset ? moving(grid, tile, acts) : resizing(grid, tile, acts, event);
    follow(handle, event.pointerId, gesture);
  });
  grid.addEventListener("keydown", (event) => {
    const id = event.target.closest("[data-widget]")?.dataset.widget;
    const handle = event.target.closest("[data-grip], [data-size]");
    if (!handle || event.ctrlKey || event.metaKey || event.altKey) return;
    const grip = "grip" in handle.dataset;
    if (event.key === "Delete" && grip) return stop(event, () => acts.remove(id));
    if (!(event.key in ARROWS)) return;
    const [x, y] = ARROWS[event.key];
    stop(event, () => (grip ? acts.step(id, x + y) : acts.grow(id, x, y)));
  });
}

function stop(event, act) {
  event.preventDefault();
  act();
}

// Escape, or a gesture of the system's own, takes it back.
function follow(handle, pointer, { move, end, cancel }) {
  const listeners = new AbortController();
  const { signal } = listeners;
  handle.setPointerCapture(pointer);
  const over = (act) => (event) => {
    listeners.abort();
    act(event);
  };
  handle.addEventListener("pointermove", (event) => {
    if (event.clientY < EDGE) scrollBy(0, -14);
    if (event.clientY > innerHeight - EDGE) scrollBy(0, 14);
    move(event);
  }, { signal });
  handle.addEventListener("pointerup", over(end), { signal });
  handle.addEventListener("pointercancel", over(cancel), { signal });
  document.addEventListener("keydown", (event) => event.key === "Escape" && over(cancel)(event), { signal });
}

function moving(grid, tile, acts) {
  let found = null;
  const clear = () => grid.querySelectorAll(".before, .after").forEach((one) => one.classList.remove("before", "after"));
  const done = () => {
    clear();
    tile.classList.remove("dragged");
  };
  return {
    move(event) {
      tile.classList.add("dragged");
      clear();
      found = spot(grid, tile, event);
      found?.tile.classList.add(found.after ? "after" : "before");
    },
    end() {
      done();
      if (found) acts.move(tile.dataset.widget, found.index);
    },
    cancel: done,
  };
}

// The other tile that is nearest to the pointer, and on which side of its middle the pointer is.
function spot(grid, dragged, { clientX: x, clientY: y }) {
  const others = [...grid.children].filter((one) => one !== dragged);
  let best = null;
  others.forEach((tile, index) => {
    const box = tile.getBoundingClientRect();
    const far = Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
    if (best && far >= best.far) return;
    const wide = box.width > grid.clientWidth * 0.9;
    const after = wide ? y > box.top + box.height / 2 : x > box.left + box.width / 2;
    best = { tile, far, after, index: index + (after ? 1 : 0) };
  });
  const own = dragged.getBoundingClientRect();
  const inside = x >= own.left && x <= own.right && y >= own.top && y <= own.bottom;
  return inside ? null : best;
}

function resizing(grid, tile, acts, start) {
  const before = [...tile.classList].filter((name) => /^[wh]-/.test(name));
  const gap = parseFloat(getComputedStyle(grid).columnGap) || 0;
  const column = (grid.clientWidth + gap) / 12;
  const { left, right } = tile.getBoundingClientRect();
  const body = tile.querySelector(".body").getBoundingClientRect();
  const bodies = { small: 150, medium: 290, large: 430 };
  const nearest = (height) => HEIGHTS.toSorted((a, b) => Math.abs(bodies[a] - height) - Math.abs(bodies[b] - height))[0];
  let size = null;
  return {
    move(event) {
      const width = Math.max(1, Math.min(12, Math.round((right - left + event.clientX - start.clientX + gap) / column)));
      const moved = event.clientY - start.clientY;
      // A little up or down belongs to a move sideways.
      size = Math.abs(moved) < 30 ? { width } : { width, height: nearest(body.height + moved) };
      const height = size.height ? `h-${size.height}` : before.find((name) => name.startsWith("h-"));
      tile.classList.add("sized");
      resized(tile, [`w-${width}`, height]);
    },
    end() {
      tile.classList.remove("sized");
      resized(tile, before);
      if (size) acts.resize(tile.dataset.widget, size);
    },
    cancel() {
      tile.classList.remove("sized");
      resized(tile, before);
    },
  };
}
