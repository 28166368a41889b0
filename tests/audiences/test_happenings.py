"""Rules about events: edges of windows, what has no answer, and errors that say what to do."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from perennial.audiences.comparisons import RuleError
from perennial.audiences.definition import Audience, Consent
from perennial.audiences.evaluation import evaluate

BUYS = {"field": "kind", "operator": "equals", "value": "buy"}
NOW = datetime(2024, 3, 31, tzinfo=UTC)
PEOPLE = pl.LazyFrame({"person_id": list("abcd")})
SHOP = pl.LazyFrame(
    {
        "person_id": ["a", "a", "b", "c", None],
        "event_time": [NOW - timedelta(days=n) for n in (1, 0, 30, 2, 1)],
        "kind": ["buy", "buy", "buy", "view", "buy"],
        "product": ["x", "x", "y", "x", "x"],
        "amount": [3, 5, None, 1, 9],
    },
    schema_overrides={"event_time": pl.Datetime("us", "UTC")},
)
MAIL = pl.LazyFrame(
    {"person_id": ["a"], "event_time": [NOW - timedelta(days=3)], "product": [7]},
    schema_overrides={"event_time": pl.Datetime("us", "UTC")},
)


def audience(name: str, rule: dict, **more: object) -> Audience:
    return Audience.model_validate({"name": name, "title": name, "rule": rule, **more})


def nothing(dataset: str) -> pl.LazyFrame:
    raise AssertionError(dataset)


def members(rule: dict, *others: Audience) -> str:
    every = {each.name: each for each in (*others, audience("it", rule))}
    found = evaluate(PEOPLE, {"shop": SHOP, "mail": MAIL}.__getitem__, every, {}, NOW)
    return "".join(sorted(found.filter(audience="it")["person_id"]))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # The moment itself is not past, and events of nobody are nobody's.
        ({"event": "shop"}, "abc"),
        ({"event": "shop", "within_last": "1 day"}, "a"),
        ({"event": "shop", "within_last": "23 hours"}, ""),
        ({"event": "shop", "within_last": "30 days"}, "abc"),
        ({"event": "shop", "within_last": "29 days"}, "ac"),
        ({"event": "shop", "not_within_last": "30 days"}, ""),
        ({"event": "shop", "not_within_last": "29 days"}, "b"),
        # Who has done nothing has done it no time; what it comes to is not known.
        ({"event": "shop", "operator": "equals", "value": 0}, "d"),
        ({"event": "shop", "aggregate": "sum", "of": "amount", "operator": "at_most", "value": 99}, "ac"),
        ({"event": "shop", "aggregate": "count_distinct", "of": "amount", "operator": "less_than"}, "bd"),
        ({"none": [{"event": "shop", "where": BUYS}]}, "cd"),
        ({"sequence": [{"event": "mail"}, {"event": "shop"}]}, "a"),
        ({"sequence": [{"event": "shop"}, {"event": "mail"}]}, ""),
        ({"sequence": [{"event": "mail"}, {"event": "shop", "after_at_least": "2 days"}]}, "a"),
        ({"sequence": [{"event": "mail"}, {"event": "shop", "after_at_least": "49 hours"}]}, ""),
        ({"sequence": [{"event": "mail"}, {"event": "shop", "after_at_most": "47 hours"}]}, ""),
    ],
)  # fmt: skip
def test_what_rules_say_of_events(rule, expected):
    assert members(rule) == expected


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            {"event": "shop", "where": {"field": "town", "operator": "known"}},
            "it: where: events of shop have no town; they have person_id, event_time, kind, product, amount",
        ),
        ({"event": "shop", "aggregate": "sum", "of": "kind"}, "sum is for numbers; kind of shop is String"),
        ({"event": "shop", "aggregate": "max", "of": "kind"}, "kind of shop is String, and no number"),
        (
            {"sequence": [{"event": "mail"}, {"event": "shop", "matching": {"product": "product"}}]},
            "product of shop is String, and product of mail is Int64: they are never equal",
        ),
        ({"audience": "vip"}, "it: there is no published audience vip; there are it"),
        ({"audience": "it"}, "it: it is made of itself: it of it"),
    ],
)
def test_a_rule_that_does_not_fit_the_events_is_explained(rule, message):
    with pytest.raises(RuleError, match=message):
        members(rule)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"event": "shop", "aggregate": "sum"}, "aggregate sum needs `of`, a field"),
        ({"event": "shop", "of": "amount"}, "aggregate count counts events, and takes no field"),
        ({"event": "shop", "within_last": "soon"}, "expected a number and one of minute, hour, day"),
        ({"sequence": [{"event": "shop"}]}, "at least 2 items"),
        ({"sequence": [{"event": "shop", "after_at_most": "1 day"}, {"event": "shop"}]}, "the first step"),
        ({"share": 1.5, "seed": "s"}, "less than 1"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(rule, message):
    with pytest.raises(ValueError, match=message):
        audience("it", rule)


def test_an_audience_of_another_comes_after_it_wherever_it_stands():
    buyers = audience(
        "buyers", {"event": "shop", "where": {"field": "kind", "operator": "equals", "value": "buy"}}
    )
    assert members({"all": [{"audience": "buyers"}, {"event": "mail"}]}, buyers) == "a"
    found = evaluate(
        PEOPLE,
        {"shop": SHOP}.__getitem__,
        {"a": audience("a", {"none": [{"audience": "buyers"}]}), "buyers": buyers},
        {},
        NOW,
    )
    assert sorted(found.select("audience", "person_id").rows()) == [
        ("a", "c"),
        ("a", "d"),
        ("buyers", "a"),
        ("buyers", "b"),
    ]


def test_drafts_are_not_evaluated():
    draft = audience("draft", {"event": "shop"}, state="draft")
    assert evaluate(PEOPLE, {"shop": SHOP}.__getitem__, {"draft": draft}, {}, NOW).is_empty()


def test_a_share_is_stable_and_grows_with_its_people():
    people = pl.LazyFrame({"person_id": [f"p{n}" for n in range(4_000)]})

    def share(size: float, seed: str) -> set[str]:
        some = audience("some", {"share": size, "seed": seed})
        return set(evaluate(people, nothing, {"some": some}, {}, NOW)["person_id"])

    tenth, half, other = share(0.1, "s"), share(0.5, "s"), share(0.5, "t")
    assert tenth == share(0.1, "s")
    assert tenth < half
    # Four standard deviations of a binomial.
    assert abs(len(tenth) - 400) < 76
    assert abs(len(half) - 2_000) < 127
    assert abs(len(half & other) - 1_000) < 110


def test_a_purpose_needs_a_consent_that_is_known():
    newsletter = audience("newsletter", {"event": "shop"}, purpose="marketing")
    with pytest.raises(
        RuleError, match="newsletter: purpose: nothing says who consents to marketing; known: "
    ):
        evaluate(PEOPLE, {"shop": SHOP}.__getitem__, {"newsletter": newsletter}, {}, NOW)
    consent = Consent.model_validate(
        {"name": "marketing", "title": "M", "rule": {"none": [{"event": "mail"}]}}
    )
    found = evaluate(
        PEOPLE,
        {"shop": SHOP, "mail": MAIL}.__getitem__,
        {"newsletter": newsletter},
        {"marketing": consent},
        NOW,
    )
    assert found["person_id"].to_list() == ["b", "c"]


def test_a_consent_may_speak_of_an_audience_and_places_stay_those_of_the_rule():
    buyers = audience("buyers", {"event": "shop", "where": BUYS})
    consent = {"name": "m", "title": "M", "rule": {"none": [{"audience": "buyers"}]}}
    consents = {"m": Consent.model_validate(consent)}
    rest = audience("rest", {"event": "shop"}, purpose="m")
    found = evaluate(PEOPLE, {"shop": SHOP}.__getitem__, {"rest": rest, "buyers": buyers}, consents, NOW)
    assert found.filter(audience="rest")["person_id"].to_list() == ["c"]
    wrong = audience("rest", {"all": [{"attribute": "town", "operator": "known"}]}, purpose="m")
    with pytest.raises(RuleError, match=r"^rest: all\[0\]: profiles have no town"):
        evaluate(PEOPLE, {"shop": SHOP}.__getitem__, {"rest": wrong, "buyers": buyers}, consents, NOW)
    circle = audience("buyers", {"event": "shop"}, purpose="m")
    with pytest.raises(RuleError, match="made of itself"):
        evaluate(PEOPLE, {"shop": SHOP}.__getitem__, {"buyers": circle}, consents, NOW)
