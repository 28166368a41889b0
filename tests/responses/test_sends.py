"""Which audience a campaign went to is told by its name, or by the lists that the ledger knows."""

from datetime import UTC, date, datetime

import pytest

from perennial.activation.kept import Kept
from perennial.responses.sends import Campaign, Sent, said, sent
from perennial.responses.shape import NoResponseError

MONDAY, TUESDAY = date(2017, 12, 25), date(2017, 12, 26)
KEPT = Kept(
    {"17": frozenset({"best"}), "18": frozenset({"lapsing"}), "19": frozenset({"best", "lapsing"})},
    [(datetime(2017, 12, 25, 5, tzinfo=UTC), MONDAY), (datetime(2017, 12, 26, 5, tzinfo=UTC), TUESDAY)],
    datetime(2017, 12, 25, 4, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (
            "Thanks audience:top_spenders as_of:2017-12-26",
            {"audience": "top_spenders", "as_of": "2017-12-26"},
        ),
        ("audience-best.as_of-2017-12-26.4711", {"audience": "best", "as_of": "2017-12-26"}),
        ("our_audience:best, Audience:x, audience:, audience best", {}),
    ],
)
def test_a_name_says_it(name: str, found: dict[str, str]) -> None:
    assert said(name) == found


def test_the_lists_and_the_moment_say_it() -> None:
    found = sent(Campaign("c", "Thanks", ["17"], datetime(2017, 12, 26, 4, 59, tzinfo=UTC)), KEPT)
    assert found == Sent("c", "Thanks", "best", MONDAY)
    later = Campaign("c", "Thanks", ["17"], datetime(2017, 12, 26, 5, tzinfo=UTC))
    assert sent(later, KEPT).as_of == TUESDAY
    assert sent(Campaign("c", "Thanks", ["17"], datetime(2017, 12, 25, tzinfo=UTC)), KEPT).as_of is None
    assert sent(Campaign("c", "Thanks", ["17"]), KEPT).as_of is None


def test_a_name_counts_more_than_lists() -> None:
    found = sent(Campaign("c", "x audience:lapsing as_of:2017-12-25", ["17"], datetime.now(UTC)), KEPT)
    assert (found.audience, found.as_of) == ("lapsing", MONDAY)


@pytest.mark.parametrize("lists", [[], ["99"], ["17", "99"], ["17", "18"], ["19"]])
def test_where_others_were_sent_it_too_it_cannot_be_told(lists: list[str]) -> None:
    with pytest.raises(
        NoResponseError, match=r"campaign c [(]'Thanks'[)] was not sent to the list of one audience"
    ):
        sent(Campaign("c", "Thanks", lists, datetime.now(UTC)), KEPT)
