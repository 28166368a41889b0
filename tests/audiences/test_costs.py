"""What an audience reads is worked out by hand here, over ten rows a day; parts of a run add up to it."""

from datetime import UTC, date, datetime

import pytest
from audiences.test_random_rules import audience

from perennial.audiences.costs import Read, costs
from perennial.audiences.definition import Consent

NOW, BEGIN = datetime(2024, 3, 31, tzinfo=UTC), date(2024, 1, 1)
PEOPLE = 100
RANK = {"attribute": "rank", "operator": "at_most", "value": 1}
WEEK = {"event": "shop", "within_last": "7 days"}


def rows(read: Read) -> int:
    """Ten a day since the first of January, in each dataset."""
    return ((read.last - max(read.first, BEGIN)).days + 1) * 10


def cost(*rules: dict, **consents: dict) -> list[tuple[int, float]]:
    purposes = {
        name: Consent.model_validate({"name": name, "title": name, "rule": rule})
        for name, rule in consents.items()
    }
    asked = [audience(f"a{n}", rule, purpose=next(iter(consents), None)) for n, rule in enumerate(rules)]
    found = costs(asked, purposes, NOW, PEOPLE, rows)
    assert sum(each.share for each in found.values()) == pytest.approx(1)
    return [(each.rows, each.share) for each in found.values()]


@pytest.mark.parametrize(
    ("rule", "read"),
    [
        (RANK, 100),
        (WEEK, 100 + 70),
        ({"event": "shop"}, 100 + 900),
        ({"event": "shop", "not_within_last": "1 month"}, 100 + 590),
        ({"event": "shop", "within_last": "60 days", "not_within_last": "30 days"}, 100 + 300),
        ({"event": "shop", "within_last": "12 hours"}, 100 + 10),
        ({"event": "shop", "within_last": "4000 years"}, 100 + 900),
        ({"all": [{"event": "shop", "within_last": "2 days"}, WEEK]}, 100 + 70),
        ({"all": [{"event": "app", "within_last": "2 days"}, WEEK]}, 100 + 20 + 70),
        ({"sequence": [{"event": "shop"}, {"event": "shop"}], "within_last": "3 days"}, 130),
        ({"audience": "other"}, 100),
    ],
)  # fmt: skip
def test_rows_are_those_of_profiles_and_of_the_days_in_its_windows(rule, read):
    assert cost(rule) == [(read, 1.0)]


def test_what_several_ask_is_divided_among_them():
    ten = {"event": "shop", "within_last": "10 days"}
    ((one, first), (two, second), (three, third)) = cost(
        ten, {**ten, "operator": "at_most", "value": 9}, RANK
    )
    assert (one, two, three) == (200, 200, 100)
    # 100 profiles each, and a hundred events once.
    assert (first, second, third) == pytest.approx((150 / 400, 150 / 400, 100 / 400))


def test_a_sequence_goes_through_events_once_a_step():
    steps = {"sequence": [{"event": "shop"}] * 3, "within_last": "10 days"}
    ((_, first), (_, second)) = cost(steps, RANK)
    assert (first, second) == pytest.approx((400 / 500, 100 / 500))


def test_what_the_consent_asks_is_read_too():
    ten = {"event": "app", "within_last": "10 days"}
    assert cost(RANK, ads={"none": [ten]}) == [(200, 1.0)]


def test_no_audience_costs_nothing():
    assert costs([], {}, NOW, 0, rows) == {}
