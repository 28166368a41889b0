// Filters take effect when they are changed; without JavaScript, a button does it.
const form = document.querySelector("form.filters");

function show() {
  const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  location.search = asked;
}

form.querySelector("[data-apply]").hidden = true;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
form.addEventListener("change", show);
