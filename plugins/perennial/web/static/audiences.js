// The list of audiences: what the API has in, a row for each, out; searched and narrowed down in the page.
import { el } from "./dom.js";
import { listed } from "./audience_http.js";
import { badge, cost, failed, live, movement, sized } from "./audience_parts.js";
import { titled } from "./audience_words.js";

const host = document.getElementById("audiences");
const root = document.body.dataset.root;
const search = document.getElementById("find");
const state = document.getElementById("state");
const order = document.getElementById("order");
const most = (figure) => (one, other) => (figure(other) ?? -1) - (figure(one) ?? -1);
const ORDERS = {
  name: () => 0, // as they come
  size: most((one) => one.evaluated?.size),
  rows: most((one) => one.evaluated?.rows),
  seconds: most((one) => one.evaluated?.seconds),
};
const said = document.getElementById("shown");

function row(one) {
  const address = `${root}audiences/${encodeURIComponent(one.name)}`;
  return el("li", { class: "card one", "data-name": one.name },
    el("div", { class: "what" },
      el("h2", {}, el("a", { href: address }, one.title), badge(one.state), one.purpose ? el("span", { class: "purpose" }, `for ${titled(one.purpose).toLowerCase()}`) : null),
      el("p", { class: "sentence" }, one.sentence),
      one.description ? el("p", { class: "note" }, one.description) : null, failed(one)),
    el("div", { class: "how-many" }, ...sized(one), movement(one.evaluated), live(one), cost(one)));
}

function draw(audiences) {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = audiences.filter((one) => {
    const text = `${one.name} ${one.title} ${one.description} ${one.sentence} ${one.purpose ?? ""}`.toLowerCase();
    return (!state.value || one.state === state.value) && words.every((word) => text.includes(word));
  });
  host.replaceChildren(...found.sort(ORDERS[order.value]).map(row));
  said.textContent = found.length === audiences.length ? "" : `${found.length} of ${audiences.length} audiences`;
  document.getElementById("nothing").hidden = audiences.length > 0;
  document.getElementById("unfound").hidden = !audiences.length || found.length > 0;
}

async function start() {
  const { audiences } = await listed();
  document.getElementById("filters").hidden = audiences.length === 0;
  search.addEventListener("input", () => draw(audiences));
  for (const choice of [state, order]) choice.addEventListener("change", () => draw(audiences));
  draw(audiences);
}

start()
  .catch((problem) => {
    const banner = document.getElementById("problem");
    banner.textContent = problem.message;
    banner.hidden = false;
  })
  .finally(() => {
    document.getElementById("loading").remove();
    document.documentElement.dataset.drawn = "";
  });
