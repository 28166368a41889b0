// The list of an audience: what was uploaded when by whom, in; a file put on it, and what became of its rows, out.
import { el } from "./dom.js";
import { upload } from "./audience_http.js";
import { count, day } from "./audience_words.js";

const COLUMNS = [["When (UTC)", when], ["By", (one) => one.by], ["How", (one) => ({ replace: "replaced", append: "added" })[one.mode] ?? one.mode],
  ...[["Rows", "rows"], ["Taken", "accepted"], ["Repeated", "repeated"], ["Not valid", "refused"], ["Erased", "erased"]].map(([title, key]) => [title, (one) => count(one[key]), "numeric"])];

function when(one) {
  return `${day(one.at)}, ${new Date(one.at).toISOString().slice(11, 16)}`;
}

export class List {
  // `changed()` is told when a file was taken.
  constructor(node, name, changed) {
    Object.assign(this, { node, name, changed });
    this.form = node.querySelector("form"); // only who may change it has one
    this.said = node.querySelector("[data-said]");
    this.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
  }

  show({ entries, found, people, uploads }, evaluated) {
    this.node.hidden = false;
    const words = entries ? `${count(found)} of ${count(entries)} identities lead to somebody with a profile: ${count(people)} ${people === 1 ? "person" : "people"}.` : "Nobody is on the list.";
    const late = uploads.length && evaluated && new Date(uploads[0].at) > new Date(evaluated.at);
    this.node.querySelector("[data-counts]").replaceChildren(words, ...(late ? [el("span", { class: "stale" }, "Uploaded since the last evaluation")] : []));
    this.node.querySelector("[data-uploads]").replaceChildren(uploads.length ? table(uploads) : el("p", { class: "note" }, "Nothing was uploaded yet."));
  }

  say(lines, mood = "") {
    this.said.replaceChildren(...lines.map((line) => el("span", {}, line)));
    this.said.className = `note ${mood}`;
  }

  async send() {
    const { file, mode } = this.form.elements;
    const [chosen] = file.files;
    const most = Number(this.form.dataset.most);
    if (!chosen) {
      file.focus();
      return this.say(["Choose a file."], "bad");
    }
    if (chosen.size > most) return this.say([`The file is larger than ${most / 1024 ** 2} MB: upload it in parts.`], "bad");
    const button = this.form.querySelector("button");
    button.disabled = true;
    this.say(["Uploading…"]);
    try {
      const answer = await upload(this.name, chosen, mode.value);
      this.form.reset();
      this.say(outcome(answer), answer.refused ? "warn" : "good");
      await this.changed();
    } catch (problem) {
      this.say([problem.message], "bad");
    }
    button.disabled = false;
  }
}

const number = (many, one, more) => `${count(many)} ${many === 1 ? one : more}`;

function outcome({ accepted, repeated, refused, erased, lines }) {
  const said = [`${number(accepted, "identity was", "identities were")} taken.`];
  if (repeated) said.push(`${number(repeated, "row names", "rows name")} one of them again.`);
  if (refused) said.push(`${number(refused, "row is", "rows are")} not valid: ${lines.length === 1 ? "line" : "lines"} ${lines.join(", ")}${refused > lines.length ? ", …" : ""}.`);
  if (erased) said.push(`${number(erased, "row is", "rows are")} of people who were erased, and stayed out.`);
  return said;
}

function table(uploads) {
  const head = COLUMNS.map(([title, , kind]) => el("th", { scope: "col", class: kind }, title));
  const rows = uploads.map((one) => el("tr", {}, ...COLUMNS.map(([, value, kind]) => el("td", { class: kind }, value(one)))));
  return el("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Uploads" }, el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)));
}
