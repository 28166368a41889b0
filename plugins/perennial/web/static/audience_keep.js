// Work that is not saved yet: kept in the browser, so that it outlives a page that is left without a question.
// Airflow's frame allows no question of the browser's own when its other pages are opened.
const DAYS_30_MS = 30 * 24 * 3_600_000;

export class Keep {
  constructor(name, kind = "audience") {
    this.key = `perennial:${kind}:${name || "new"}`;
    this.timer = 0;
  }

  read() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key));
      return kept && Date.now() - kept.at < DAYS_30_MS ? kept : null;
    } catch {
      return null; // not readable: as good as nothing
    }
  }

  soon(state) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(state), 500);
  }

  write(state) {
    clearTimeout(this.timer);
    try {
      localStorage.setItem(this.key, JSON.stringify({ ...state, at: Date.now() }));
    } catch {
      // No room, or not allowed: the question on leaving remains.
    }
  }

  drop() {
    clearTimeout(this.timer);
    localStorage.removeItem(this.key);
  }
}

// Asks before a page with unsaved work is left: by its own dialog for links, by the browser's for all else.
export function guard(dialog, unsaved, dropped) {
  let leads = null;
  addEventListener("beforeunload", (event) => unsaved() && event.preventDefault());
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || link.target || event.ctrlKey || event.metaKey || event.shiftKey || !unsaved() || link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    event.stopPropagation();
    leads = link;
    dialog.showModal();
  }, true);
  dialog.querySelector("[data-stay]").addEventListener("click", () => dialog.close());
  dialog.querySelector("[data-leave]").addEventListener("click", () => {
    dialog.close();
    dropped();
    leads.click();
  });
}
