// What a person decides of visitors: a run of the Dag, with the reader's own rights, followed to its end.
import { address, begin, followed } from "./dag_runs.js";

const form = document.getElementById("decide");

if (form) {
  const dag = form.dataset.dag;
  const [said, link] = ["[data-said]", "[data-run]"].map((found) => form.querySelector(found));
  const buttons = [...form.querySelectorAll("button")];
  const boxes = [...document.querySelectorAll('input[form="decide"]')];
  const picked = () => boxes.filter((box) => box.checked);
  const enable = () => buttons.forEach((button) => (button.disabled = !picked().length));

  // Visitors of one document are decided upon together.
  async function decide(decision, reason) {
    for (const definition of new Set(picked().map((box) => box.dataset.definition))) {
      const visitors = picked().filter((box) => box.dataset.definition === definition).map((box) => box.value);
      const run = await begin(dag, { definition, visitors, decision, reason });
      link.hidden = false;
      link.dataset.airflow = address(dag, run);
      const now = await followed(dag, run, (text) => (said.textContent = text));
      if (now.state !== "success") throw new Error("The run failed; its log says why");
    }
    location.reload();
  }

  boxes.forEach((box) => box.addEventListener("change", enable));
  enable();

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    buttons.forEach((button) => (button.disabled = true));
    said.textContent = "Asking Airflow for a run…";
    decide(event.submitter.value, form.elements.reason.value).catch((problem) => {
      said.textContent = problem.message;
      enable();
    });
  });
}
