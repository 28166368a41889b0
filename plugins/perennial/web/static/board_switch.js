// The menu that leads to the other dashboards: those that people have made are fetched once it opens.
import { listed } from "./board_http.js";
import { el } from "./dom.js";
import "./menus.js";

const menu = document.getElementById("switch");
const search = menu.querySelector("input");
const list = menu.querySelector("[data-list]");
const links = () => [...list.querySelectorAll("a")];
let asked = null;

async function others() {
  const known = links().map((link) => link.pathname.split("/").at(-1));
  const found = await listed().catch(() => []);
  const fresh = found.filter(({ name, provisioned }) => !provisioned && !known.includes(name));
  list.append(...fresh.map(({ name, title, description }) => el("a", { href: `${document.body.dataset.root}dashboards/${name}` }, el("span", {}, title), el("small", {}, description))));
  find();
}

function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const link of links()) link.hidden = !words.every((word) => link.textContent.toLowerCase().includes(word));
  menu.querySelector("[data-none]").hidden = links().some((link) => !link.hidden);
}

menu.addEventListener("toggle", () => {
  if (!menu.open) return;
  asked ??= others();
  search.focus();
});
search.addEventListener("input", find);
menu.addEventListener("keydown", (event) => {
  const shown = links().filter((link) => !link.hidden);
  if (event.key === "Enter" && event.target === search) return shown[0]?.click();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !menu.open) return;
  event.preventDefault();
  (shown[shown.indexOf(event.target) + step] ?? (step < 0 ? search : null))?.focus();
});
