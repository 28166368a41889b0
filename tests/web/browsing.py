"""Chromium inside Airflow's frame: a user in, a signed-in page and what its console said out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

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
SHELL, FRAME = "/plugin/perennial", 'iframe[title="Perennial"]'
PAGES: WeakKeyDictionary[Browser, dict[tuple[str, str], Page]] = WeakKeyDictionary()
"""Of each browser, by user and theme."""
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

    A browser keeps it for the next one who asks, with what Airflow's UI has loaded, but nothing stored.
    """
    pages = PAGES.setdefault(browser, {})
    page = pages.get((user, theme)) or pages.setdefault((user, theme), _new(browser, airflow, user, theme))
    page.set_viewport_size({"width": 1440, "height": 900})

    def heard(kind: str, text: str, url: str) -> None:
        if "/perennial" in url and AIRFLOWS_OWN not in text:
            complaints.append(f"{kind}: {text} ({url})")

    listeners: dict[Any, Any] = {
        "console": lambda m: (
            heard(m.type, m.text, m.location["url"]) if m.type in ("error", "warning") else None
        ),
        "pageerror": lambda error: complaints.append(str(error)),
        "requestfailed": lambda r: (
            heard("failed", str(r.failure), r.url) if "ERR_ABORTED" not in str(r.failure) else None
        ),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    yield page
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    if frame := _ours(page):
        frame.goto("about:blank")
    else:
        page.goto("about:blank")
    stored = {"origin": airflow.url, "storageTypes": "local_storage"}
    page.context.new_cdp_session(page).send("Storage.clearDataForOrigin", stored)


def _new(browser: Browser, airflow: AirflowServer, user: str, theme: str) -> Page:
    """A page of a user who has signed in: once, then there is a cookie for the next page of theirs."""
    known = COOKIES.get((airflow.url, user))
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, timezone_id="America/Los_Angeles",
        storage_state={"cookies": known or [], "origins": []},
    )  # fmt: skip
    context.add_init_script(f"localStorage.getItem('theme') ?? localStorage.setItem('theme', '{theme}')")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    # Whoever leaves with unsaved changes is asked, and leaves.
    page.on("dialog", lambda dialog: dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss())
    if known is None:
        page.goto(f"{airflow.url}/auth/login?next=%2Fplugin%2Fperennial")
        page.locator('input[name="username"]').fill(user)
        page.locator('input[name="password"]').fill(user)
        page.locator('button[type="submit"]').click()
        page.wait_for_url(lambda address: "/auth/login" not in address)
        COOKIES[airflow.url, user] = context.cookies()
    return page


def _ours(page: Page) -> Frame | None:
    """Our frame, if Airflow's UI has loaded it."""
    handle = page.query_selector(FRAME) if SHELL in page.url else None
    return handle.content_frame() if handle else None


def frame_of(page: Page, url: str) -> Frame:
    """Our frame at an address of Airflow's UI, which is loaded once: it takes as long as ten of our pages."""
    if frame := _ours(page):
        page.evaluate(
            "() => document.documentElement.classList"
            ".replace(...(localStorage.theme === 'dark' ? ['light', 'dark'] : ['dark', 'light']))"
        )
        server, _, path = url.partition(SHELL)
        frame.goto(server + (path or "/perennial/"))
        return frame
    page.goto(url)
    handle = page.wait_for_selector(FRAME)
    found = handle.content_frame() if handle else None
    assert found is not None
    return found


def drawn(page: Page, airflow: AirflowServer, path: str) -> Frame:
    """Our frame with one of our pages, once that is drawn."""
    frame = frame_of(page, f"{airflow.url}/plugin/perennial/perennial/{path}")
    frame.wait_for_selector("html[data-drawn]", state="attached")
    return frame


def turned_dark(page: Page, frame: Frame) -> None:
    """Airflow's theme changes while our page is there; the next page is light again."""
    page.evaluate("document.documentElement.classList.replace('light', 'dark')")
    frame.wait_for_selector('html[data-theme="dark"]', state="attached")
