"""A filled store in; how long Chromium takes to draw a dashboard of twelve KPIs over it, out.

The page is served by the product's app; in place of Airflow's login everybody may read.
"""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from perennial.local.ports import free_ports
from perennial.settings import REPOSITORY, Settings

TIMES = 5
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
BOARD = """
title: Twelve
days: SELECT date_key FROM complete_days GROUP BY date_key
period: 90
filters:
  - {name: merge_policy, title: Merge policy, choices: [{value: "", label: Default}]}
  - name: audience
    title: Audience
    default: a1
    sql: SELECT segment, segment_name FROM adwh_dim_segments ORDER BY 2 LIMIT 50
  - {name: destination, title: Destination, choices: [{value: "", label: All}]}
  - name: model
    title: Model
    default: lifetime/p_alive
    sql: SELECT model, model_name FROM adwh_dim_ai_models
widgets:
"""
NUMBER, LINE = "height: small, mark: number, x: date_key, y: profiles", "mark: line, x: date_key, y: profiles"
BAR = "mark: bar, x: profiles, y"
WIDGETS = {
    "profile_count": NUMBER,
    "single_identity_profiles": NUMBER,
    "unsegmented_profiles": NUMBER,
    "audience_size": NUMBER,
    "profile_count_trend": LINE,
    "audience_size_trend": LINE,
    "profile_count_change_trend": "mark: bar, x: date_key, y: change",
    "profiles_by_identity": f"{BAR}: namespace",
    "audience_sizes": f"{BAR}: audience",
    "audience_profiles_by_identity": f"{BAR}: namespace",
    "ai_score_distribution": "mark: bar, x: from_score, y: profiles, color: level",
    "mapped_audience_health": "mark: table",
}


def chromium() -> str | None:
    """The system's Chromium, if there is one."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def drawn(reader: str) -> float:
    """Milliseconds from the navigation until every widget is drawn; the median of a few visits."""
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory(prefix="perennial-bench-") as folder,
        served(reader, Path(folder)) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        times = []
        for _ in range(TIMES + 1):
            page.goto(f"{url}/dashboards/twelve")
            page.wait_for_selector("html[data-drawn]", state="attached", timeout=60_000)
            times.append(float(page.evaluate("document.documentElement.dataset.drawn")))
        browser.close()
    # The first visit fills the browser's cache, and builds what the server keeps.
    return median(times[1:])


@contextmanager
def served(reader: str, folder: Path) -> Iterator[str]:
    """The app over a store, with the one dashboard."""
    os.environ["AIRFLOW_HOME"] = str(folder / "airflow")
    import uvicorn

    from perennial.web import auth
    from perennial.web.app import create_app
    from perennial.web.store import Store

    include = folder / "include"
    shutil.copytree(REPOSITORY / "include", include)
    widgets = [
        f"  - {{id: {name}, title: {name}, kpi: {name}, width: 4, {how}}}" for name, how in WIDGETS.items()
    ]
    (include / "dashboards/twelve.yaml").write_text(BOARD + "\n".join(widgets))
    settings = Settings(include, str(folder / "lake"), str(folder), folder / "spool")
    app = create_app(settings, Store(lambda: reader))
    app.dependency_overrides[auth.READER.dependency] = lambda: None
    for asked in (auth.may_edit, auth.may_edit_audiences, auth.may_edit_dashboards, auth.may_export):
        app.dependency_overrides[asked] = lambda: False
    port = free_ports({"page": None})["page"]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
