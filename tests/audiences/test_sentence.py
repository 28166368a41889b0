"""Rules read as sentences."""

import pytest

from perennial.audiences.definition import Audience
from perennial.audiences.sentence import described
from perennial.documents import load_all
from perennial.settings import REPOSITORY

TITLES = {"transactions": "Receipts", "app_events": "App", "top_spenders": "Top spenders"}
SENTENCES = {
    "top_spenders": "spend 12m decile is at most 3",
    "lapsing": "spend 12m decile is at most 3 and spend 1m decile is at least 6",
    "deli_not_produce": (
        "department, spend 3m of DELI is more than 0 and department, spend 3m of PRODUCE is not known"
    ),
    "best_gone_quiet": "in the audience “Top spenders” and not “Receipts” within the last 2 weeks",
    "big_baskets": (
        "“Receipts” (sales value is at least 5) at least 10 times within the last month and "
        "sum of sales value in “Receipts” (sales value is at least 5) within the last month is more than 200"
    ),
    "left_behind": "abandoned browse price is at least 5",
    "regulars_of_367": "stores 3m includes 367 and visits 4w is at least 8",
    "window_shoppers": (
        "“App” (action is view) within the last 3 days and not “App” (action is view) then “Receipts” "
        "with the same product id within the last 3 days"
    ),
}
AGO = {"now": "-30 days"}


def read(rule: dict) -> str:
    return described(Audience.model_validate({"name": "it", "title": "It", "rule": rule}), TITLES)


def test_the_demos_audiences_read_well():
    audiences = load_all(REPOSITORY / "include/audiences", Audience)
    assert {name: described(each, TITLES) for name, each in audiences.items()} == SENTENCES


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"share": 0.125, "seed": "june"}, "in a random 12.5 % (“june”)"),
        ({"share": 0.3, "after": 0.5, "seed": "june"}, "in the next 30 % after 50 % (“june”)"),
        ({"attribute": "seen", "operator": "less_than", "value": AGO}, "seen is less than 30 days ago"),
        (
            {"attribute": "seen", "operator": "at_least", "value": {"field": "born", "plus": "-1 week"}},
            "seen is at least 1 week before born",
        ),
        ({"attribute": "age", "operator": "between", "value": [18, 30]}, "age is between 18 and 30"),
        ({"attribute": "tags", "operator": "not_includes", "value": "vip"}, "tags does not include vip"),
        ({"attribute": "active", "operator": "equals", "value": False}, "active is false"),
        (
            {"none": [{"any": [{"audience": "a"}, {"audience": "b"}]}]},
            "not ((in the audience “a” or in the audience “b”))",
        ),
        ({"event": "app_events", "operator": "at_most", "value": 1}, "“App” at most 1 time"),
        (
            {"event": "app_events", "aggregate": "count_distinct", "of": "item", "not_within_last": "1 day"},
            "number of different item in “App” before the last day is at least 1",
        ),
    ],
)  # fmt: skip
def test_rules_as_sentences(rule, expected):
    assert read(rule) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"rule": {"audience": "top_spenders"}, "top": {"by": "spend_12m", "most": 5000}},
            "in the audience “Top spenders”; of these only the 5,000 people with the greatest spend 12m",
        ),
        (
            {"list": {"namespace": "email", "expires_after": "90 days"},
             "top": {"by": "spend", "key": "DELI", "most": 1, "least_first": True}},
            "on an uploaded list, by email, within the last 90 days; "
            "of these only the person with the least spend of DELI",
        ),
    ],
)  # fmt: skip
def test_audiences_as_sentences(more, expected):
    assert described(Audience.model_validate({"name": "it", "title": "It", **more}), TITLES) == expected
