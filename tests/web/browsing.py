"""Chromium inside Airflow's frame: a user in, a signed-in page and what its console said out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, sync_playwright
from screenshots import FLAGS, chromium
from web.airflow_server import AirflowServer

CHROMIUM = chromium()
IN_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.e2e,
    pytest.mark.store,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"
    ),
]
"""The marks of tests that drive it."""
PATIENCE_MS = 60_000
COOKIES: dict[tuple[str, str], list[Any]] = {}
"""By server and user."""
AIRFLOWS_OWN = "can escape its sandboxing"  # Chromium on the frame that Airflow puts plugins in


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser, closed in the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def signed_in(
    browser: Browser, airflow: AirflowServer, user: str, theme: str, complaints: list[str]
) -> Iterator[Page]:
    """A page of a user; what its console says of us is added to `complaints`.

    Who has signed in once has a cookie: it is kept for the next page of theirs.
    """
    known = COOKIES.get((airflow.url, user))
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, timezone_id="America/Los_Angeles",
        storage_state={"cookies": known or [], "origins": []},
    )  # fmt: skip
    context.add_init_script(f"localStorage.getItem('theme') ?? localStorage.setItem('theme', '{theme}')")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    if known is None:
        page.goto(f"{airflow.url}/auth/login?next=%2Fplugin%2Fperennial")
        page.locator('input[name="username"]').fill(user)
        page.locator('input[name="password"]').fill(user)
        page.locator('button[type="submit"]').click()
        page.wait_for_url(lambda address: "/auth/login" not in address)
        COOKIES[airflow.url, user] = context.cookies()

    def heard(kind: str, text: str, url: str) -> None:
        if "/perennial" in url and AIRFLOWS_OWN not in text:
            complaints.append(f"{kind}: {text} ({url})")

    page.on(
        "console",
        lambda m: heard(m.type, m.text, m.location["url"]) if m.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "requestfailed",
        lambda r: heard("failed", str(r.failure), r.url) if "ERR_ABORTED" not in str(r.failure) else None,
    )
    yield page
    context.close()


def frame_of(page: Page, url: str) -> Frame:
    """Our frame at an address of Airflow's UI."""
    page.goto(url)
    handle = page.wait_for_selector('iframe[title="Perennial"]')
    frame = handle.content_frame() if handle else None
    assert frame is not None
    return frame


def drawn(page: Page, airflow: AirflowServer, path: str) -> Frame:
    """Our frame with one of our pages, once that is drawn."""
    frame = frame_of(page, f"{airflow.url}/plugin/perennial/perennial/{path}")
    frame.wait_for_selector("html[data-drawn]", state="attached")
    return frame


def turned_dark(page: Page, frame: Frame) -> None:
    """Airflow's theme changes while our page is there; the next page is light again."""
    page.evaluate("document.documentElement.classList.replace('light', 'dark')")
    frame.wait_for_selector('html[data-theme="dark"]', state="attached")
