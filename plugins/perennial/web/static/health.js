// Alerts that somebody has seen: a click in, the page as it is then out.
import { ours, request } from "./http.js";

const said = document.querySelector("[data-said]");

for (const button of document.querySelectorAll("button[data-seen]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await request("POST", ours("health/alerts/seen"), { alert: button.dataset.seen ? Number(button.dataset.seen) : null });
      location.reload();
    } catch (problem) {
      said.textContent = problem.message;
      button.disabled = false;
    }
  });
}
