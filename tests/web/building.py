"""The audience builder in Chromium, for tests: what its rule is, and how one is put into it."""

import json
from typing import Any

from playwright.sync_api import Frame

API = "/api/audiences"
COUNTED = "#estimate[data-state=ready]:not([aria-busy])"
"""Where the size that is shown is that of the rule as it stands."""


def rule_of(frame: Frame) -> Any:
    """The rule, as the page's other view of it says."""
    frame.get_by_role("tab", name="Code").click()
    text = frame.get_by_label("Definition as JSON").input_value()
    frame.get_by_role("tab", name="Builder").click()
    return json.loads(text)["rule"]


def apply(frame: Frame, definition: dict[str, Any]) -> None:
    """Put a whole definition into the builder."""
    frame.get_by_role("tab", name="Code").click()
    frame.get_by_label("Definition as JSON").fill(json.dumps(definition))
    frame.get_by_role("button", name="Apply").click()
    frame.get_by_role("tab", name="Builder").click()


def add(frame: Frame, name: str) -> None:
    """Add a block of the palette."""
    frame.locator(f'#palette [data-name="{name}"]').click()
