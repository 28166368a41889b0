"""The page about bots: who is left out and why, what was decided, and a form for who may decide."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from perennial.lake.bots import BOT_DECISIONS, BOT_MARKS, BOT_MODELS, BOT_TRAFFIC, BOTS_FOUND
from perennial.lake.catalog import Lake

AS_OF = date(2018, 1, 1)
BUTTON = "Let back in"


@pytest.fixture
def found(lake: Lake) -> None:
    """Two bots, one of them let back in, and a third visitor whom somebody left out."""
    did = {"as_of": AS_OF, "declared": True, "rule": False, "model": True, "events": 240, "most_60": 61,
           "most_300": 200, "most_1800": 240, "first_day": AS_OF, "last_day": AS_OF}  # fmt: skip
    rows = [{"visitor": "v-1", "user_agent": "<b>bot</b>/1.0", **did}, {"visitor": "v-2", **did, "events": 7}]
    lake.bots_found("app").replace(pl.DataFrame(rows, schema=BOTS_FOUND), AS_OF)
    lake.bot_traffic.replace(
        pl.DataFrame([("app", AS_OF, "people", 9, 9)], schema=BOT_TRAFFIC, orient="row"), AS_OF
    )
    at = datetime(2018, 1, 2, tzinfo=UTC)
    decisions = [
        ("device", "v-2", "let_in", "our <i>kiosk</i>", "ann", at, 0),
        ("device", "v-3", "left_out", "a scraper", "bob", at, 1),
    ]
    lake.bot_decisions.append(pl.DataFrame(decisions, schema=BOT_DECISIONS, orient="row"))
    lake.bot_marks.replace(
        pl.DataFrame([("device", "v-1"), ("device", "v-3")], schema=BOT_MARKS, orient="row")
    )
    quality = [{"predictor": "model", "visitors": 930, "bots": 60, "found": 60, "mistaken": 5,
                "precision": 60 / 65, "recall": 1.0}]  # fmt: skip
    fit = {"fit_id": "app", "definition": "app", "as_of": AS_OF, "status": "in use", "reason": "most > 3",
           "quality": quality, "nodes": [], "held_out": []}  # fmt: skip
    lake.bot_models.append(pl.DataFrame([fit], schema=BOT_MODELS))


def test_it_says_who_is_left_out_why_and_what_was_decided(editor, found):
    page = editor.page("/bots")
    assert "2 visitors are left out" in page
    assert "&lt;b&gt;bot&lt;/b&gt;/1.0" in page
    assert "user agent, model" in page
    assert "precision 92.3 %, recall 100.0 %" in page
    assert "our &lt;i&gt;kiosk&lt;/i&gt;" in page
    assert page.index("v-1") < page.index("v-2"), "who did most comes first"
    assert all(f'value="{name}"' in page for name in ("v-1", "v-2", "v-3"))
    assert BUTTON in page
    some = editor.page("/bots", q="V-2")
    assert 'value="v-2"' in some
    assert 'value="v-1"' not in some


def test_it_is_for_those_who_may_see_people(viewer, editor):
    assert viewer.get("/bots").json() == {"detail": "Forbidden"}
    assert "a right that your account does not have" in viewer.page("/bots", 403)
    assert "Nobody has decided anything yet" in editor.page("/bots")
