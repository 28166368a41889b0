// The list of audiences: what the API has in, a row for each, out; searched and narrowed down in the page.
import { el } from "./dom.js";
import { listed } from "./audience_http.js";
import { badge, live, movement, sized } from "./audience_parts.js";
import { titled } from "./audience_words.js";

const host = document.getElementById("audiences");
const root = document.body.dataset.root;
const search = document.getElementById("find");
const state = document.getElementById("state");
const said = document.getElementById("shown");

function row(one) {
  const address = `${root}audiences/${encodeURIComponent(one.name)}`;
  return el("li", { class: "card one", "data-name": one.name },
    el("div", { class: "what" },
      el("h2", {}, el("a", { href: address }, one.title), badge(one.state), one.purpose ? el("span", { class: "purpose" }, `for ${titled(one.purpose).toLowerCase()}`) : null),
      el("p", { class: "sentence" }, one.sentence),
      one.description ? el("p", { class: "note" }, one.description) : null),
    el("div", { class: "how-many" }, ...sized(one), movement(one.evaluated), live(one)));
}

function draw(audiences) {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = audiences.filter((one) => {
    const text = `${one.name} ${one.title} ${one.description} ${one.sentence} ${one.purpose ?? ""}`.toLowerCase();
    return (!state.value || one.state === state.value) && words.every((word) => text.includes(word));
  });
  host.replaceChildren(...found.map(row));
  said.textContent = found.length === audiences.length ? "" : `${found.length} of ${audiences.length} audiences`;
  document.getElementById("nothing").hidden = audiences.length > 0;
  document.getElementById("unfound").hidden = !audiences.length || found.length > 0;
}

async function start() {
  const { audiences } = await listed();
  document.getElementById("filters").hidden = audiences.length === 0;
  search.addEventListener("input", () => draw(audiences));
  state.addEventListener("change", () => draw(audiences));
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
