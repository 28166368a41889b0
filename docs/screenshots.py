"""Pictures of the app's pages from a running stack, light and dark.

`python docs/screenshots.py URL FOLDER --password PASSWORD` signs in through Airflow's login page, opens every
dashboard inside Airflow's frame, waits until each widget is drawn, and prints how long that took.
"""

import argparse
import re
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Frame, Page, sync_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = (
    "health",
    "signals",
    "signals/batches",
    "signals/quarantine",
    "signals/quarantine/app_events",
    "signals/days",
    "matches",
    "people/requests",
    "bots",
    "audiences",
    "destinations",
    "queries",
)
FRAME = 'iframe[title="Perennial"]'


def chromium() -> str | None:
    """The system's Chromium, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def sign_in(page: Page, url: str, user: str, password: str) -> None:
    """Log in through the UI, with whichever auth manager is configured."""
    page.goto(f"{url}/auth/login")
    page.locator('input[name="username"]').fill(user)
    page.locator('input[name="password"]').fill(password)
    page.locator('button[type="submit"], input[type="submit"]').first.click()
    page.wait_for_url(lambda address: "/auth/login" not in address)


def drawn(page: Page, framed: bool = True) -> Frame:
    """The frame of the app, once every widget of its page is drawn."""
    if not framed:
        frame = page.main_frame
    else:
        handle = page.wait_for_selector(FRAME)
        found = handle.content_frame() if handle else None
        if found is None:
            raise RuntimeError("Airflow shows no frame of Perennial")
        frame = found
    frame.wait_for_load_state()
    if frame.locator("#board").count():
        frame.wait_for_selector("html[data-drawn]", state="attached", timeout=60_000)
    return frame


def pictures(
    browser: Browser, url: str, folder: Path, user: str, password: str, size: tuple[int, int], whole: bool
) -> None:
    """Save one picture per page and theme."""
    for theme in ("light", "dark"):
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        page = context.new_page()
        sign_in(page, url, user, password)
        boards = [board["name"] for board in page.request.get(f"{url}/perennial/api/dashboards").json()]
        paths = ["", "dashboards", *(f"dashboards/{name}" for name in boards if name != "overview"), *PAGES]
        for path in paths:
            page.goto(f"{url}/plugin/perennial/perennial/{path}" if path else f"{url}/plugin/perennial")
            frame = drawn(page)
            if whole:
                height = frame.evaluate("document.documentElement.scrollHeight")
                page.set_viewport_size({"width": size[0], "height": max(size[1], height + 4)})
                drawn(page)
            page.wait_for_timeout(400)  # Airflow's own navigation settles
            name = re.sub(r"\W+", "-", path.removeprefix("dashboards/")) or "overview"
            # A dashboard may be called like a page.
            name += "_page" if path in boards else ""
            page.screenshot(path=folder / f"{name}-{theme}.png")
            milliseconds = frame.evaluate("document.documentElement.dataset.drawn ?? ''")
            print(f"{name}-{theme}.png {milliseconds and milliseconds + ' ms to draw'}")
            page.set_viewport_size({"width": size[0], "height": size[1]})
        context.close()


def main() -> None:
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="Airflow's address, such as http://localhost:8080")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password", required=True)
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--whole", action="store_true", help="as tall as each page, not one screen of it")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    width, height = (int(part) for part in arguments.size.split("x"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            pictures(
                browser,
                arguments.url.rstrip("/"),
                arguments.folder,
                arguments.user,
                arguments.password,
                (width, height),
                arguments.whole,
            )
        finally:
            browser.close()


if __name__ == "__main__":
    main()
