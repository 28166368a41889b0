// Computes the days again that are behind: a run of the Dag, with the reader's own rights, followed to its end.
import { address, begin, followed, underWay } from "./dag_runs.js";

const RENEW_MS = 4_000;
const node = document.querySelector(".repair[data-dag]");

// What of the days is done stands in the page that the server makes.
async function renew() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#recomputations");
  if (fresh) document.querySelector("#recomputations").replaceWith(document.adoptNode(fresh));
}

if (node) {
  const dag = node.dataset.dag;
  const [button, said, link] = ["[data-repair]", "[data-said]", "[data-run]"].map((found) => node.querySelector(found));

  const follow = async (run) => {
    button.disabled = true;
    link.hidden = false;
    link.dataset.airflow = address(dag, run);
    let renewed = Date.now();
    const now = await followed(dag, run, (text) => {
      said.textContent = text;
      if (Date.now() - renewed > RENEW_MS) {
        renewed = Date.now();
        renew().catch(() => {}); // The next one may succeed.
      }
    });
    if (now.state === "success") return location.reload();
    said.textContent = "The run failed; its log says why";
    button.disabled = false;
  };

  const told = (problem) => {
    said.textContent = problem.message;
    button.disabled = false;
  };

  button.addEventListener("click", () => {
    button.disabled = true;
    said.textContent = "Asking Airflow for a run…";
    begin(dag, { most: Number(node.dataset.most) }).then(follow).catch(told);
  });

  // A run that goes on already is followed, wherever it was started.
  underWay(dag).then((run) => run && follow(run)).catch(told);
}
