// Follows Airflow's theme live: the parent page's class inside the frame, else the stored choice, else the system's.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let outer = null;
  try {
    if (window.parent !== window) outer = window.parent.document.documentElement;
  } catch {
    outer = null; // framed by a page of another origin: its theme cannot be read
  }
  const wanted = () => {
    for (const name of ["dark", "light"]) if (outer?.classList.contains(name)) return name;
    const stored = localStorage.getItem("theme");
    return stored === "dark" || stored === "light" ? stored : dark.matches ? "dark" : "light";
  };
  const apply = () => {
    const theme = wanted();
    if (document.documentElement.dataset.theme === theme) return;
    document.documentElement.dataset.theme = theme;
    document.dispatchEvent(new CustomEvent("themechange", { detail: theme }));
  };
  apply();
  if (outer) new MutationObserver(apply).observe(outer, { attributeFilter: ["class"] });
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);
})();
