// Some of an audience's members, and since when they are: those who came last first.
import { el } from "./dom.js";
import { members } from "./audience_http.js";
import { day } from "./audience_words.js";

export async function showMembers(node) {
  const { name } = node.dataset;
  const body = node.querySelector("[data-body]");
  try {
    const found = (await members(name)).members;
    body.replaceChildren(found.length ? table(found) : el("p", { class: "note" }, "It had no members when it was evaluated last."));
  } catch (problem) {
    body.replaceChildren(el("p", { class: "note bad" }, problem.message));
  }
}

function table(rows) {
  const head = ["Person", "Qualified last", "First", ""].map((title) => el("th", { scope: "col" }, title || el("span", { class: "hide" }, "Explanation")));
  const body = rows.map((one) => {
    const person = encodeURIComponent(one.person_id);
    return el("tr", {},
      el("th", { scope: "row" }, el("a", { href: `${document.body.dataset.root}people/${person}` }, one.person_id)),
      el("td", {}, day(one.last_qualified)), el("td", {}, day(one.first_qualified)),
      el("td", {}, el("a", { href: `?person=${person}#why`, "aria-label": `Why is ${one.person_id} in it?` }, "Why?")));
  });
  return el("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Some of its members" }, el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body)));
}
