// Links to Airflow's own pages. Its frame forbids leaving by target, so its router is told where to go.
export const airflowRoot = () => new URL(document.body.dataset.root + "../", location.href);

const framed = () => {
  try {
    return window.parent !== window && Boolean(window.parent.document);
  } catch {
    return false;
  }
};

export function openInAirflow(path) {
  const address = airflowRoot().pathname.replace(/\/$/, "") + path;
  if (!framed()) return location.assign(address);
  window.parent.history.pushState({}, "", address);
  window.parent.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-airflow]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openInAirflow(link.dataset.airflow);
});

// The frame opens no window either; its parent does.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[target=_blank]");
  if (!link || !framed()) return;
  event.preventDefault();
  const twin = window.parent.document.createElement("a");
  Object.assign(twin, { href: link.href, target: "_blank", rel: "noopener noreferrer" }).click();
});
