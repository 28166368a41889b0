// Sends again what a destination refused: a run of the activation's Dag, with the reader's own rights, followed to its end.
import { address, begin, followed, underWay } from "./dag_runs.js";

const replays = (run) => Boolean(run.conf?.replay);

for (const node of document.querySelectorAll(".replay[data-dag]")) {
  const dag = node.dataset.dag;
  const [button, said, link] = ["[data-replay]", "[data-said]", "[data-run]"].map((found) => node.querySelector(found));

  const follow = async (run) => {
    button.disabled = true;
    link.hidden = false;
    link.dataset.airflow = address(dag, run);
    const now = await followed(dag, run, (text) => (said.textContent = text));
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
    begin(dag, { replay: "rejected" }).then(follow).catch(told);
  });

  // A replay that goes on already is followed, wherever it was started.
  underWay(dag, replays).then((run) => run && follow(run)).catch(told);
}
