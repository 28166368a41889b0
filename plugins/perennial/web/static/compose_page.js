// The composer by itself: explores the model; the rows leave as a file.
import { compose } from "./composer.js";

const config = JSON.parse(document.getElementById("config").textContent);
const button = document.getElementById("explore");
const explore = () => compose(null, { board: { config }, done: null }).catch((problem) => (document.querySelector(".detail").textContent = problem.message));
button.addEventListener("click", explore);
explore();
