"""Every operator does what its name says, on every type, and a missing attribute meets only `unknown`."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from perennial.audiences.comparisons import Row, RuleError, Where
from perennial.audiences.compile import compile_rule
from perennial.audiences.definition import Audience
from perennial.documents import DocumentError, load, load_all
from perennial.settings import REPOSITORY

NOW = datetime(2024, 5, 1, tzinfo=UTC)
PEOPLE = pl.DataFrame(
    {
        "person_id": ["a", "b", "c"],
        "decile": [1, 5, None],
        "city": ["Bern", "Basel", None],
        "born": [date(2000, 2, 29), date(1990, 5, 1), None],
        "spend": pl.Series([Decimal("10.00"), Decimal("0.50"), None], dtype=pl.Decimal(18, 2)),
        "by_department": [[{"key": "DELI", "value": 3}], [{"key": "MEAT", "value": 9}], None],
        "stores": [["367", "343"], ["381"], None],
        "prices": pl.Series([[Decimal("2.50"), None], [], None], dtype=pl.List(pl.Decimal(18, 2))),
        "days": [[date(2024, 4, 1)], [date(2024, 4, 2)], None],
    }
)


def members(rule: dict) -> str:
    audience = Audience.model_validate({"name": "test", "title": "Test", "rule": rule})
    matched = PEOPLE.filter(
        compile_rule(audience.condition, Row(PEOPLE.schema, NOW, "profiles"), Where("test"))
    )
    return "".join(matched["person_id"])


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("equals", 1, "a"),
        ("not_equals", 1, "b"),
        ("one_of", [1, 5], "ab"),
        ("none_of", [5], "a"),
        ("at_least", 5, "b"),
        ("at_most", 4, "a"),
        ("more_than", 1, "b"),
        ("less_than", 5, "a"),
        ("known", None, "ab"),
        ("unknown", None, "c"),
    ],
)
def test_operators_on_numbers(operator, value, expected):
    rule = {"attribute": "decile", "operator": operator, "value": value}
    assert members({k: v for k, v in rule.items() if v is not None}) == expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [("contains", "as", "b"), ("starts_with", "Be", "a"), ("equals", "Bern", "a"), ("contains", ".", "")],
)
def test_operators_on_text(operator, value, expected):
    assert members({"attribute": "city", "operator": operator, "value": value}) == expected


def test_money_is_compared_exactly():
    assert members({"attribute": "spend", "operator": "more_than", "value": 0}) == "ab"
    assert members({"attribute": "spend", "operator": "at_least", "value": 10}) == "a"


def test_a_map_is_compared_by_its_key():
    deli = {"attribute": "by_department", "key": "DELI", "operator": "at_most", "value": 3}
    assert members(deli) == "a"
    assert members({"attribute": "by_department", "key": "DELI", "operator": "unknown"}) == "bc"


@pytest.mark.parametrize(
    ("attribute", "operator", "value", "expected"),
    [
        ("stores", "includes", "343", "a"),
        ("stores", "not_includes", "343", "b"),
        ("stores", "includes", "34", ""),
        ("stores", "includes", {"field": "city"}, ""),
        ("prices", "includes", 2.5, "a"),
        ("prices", "not_includes", 2.505, "ab"),
        ("days", "includes", "2024-04-02", "b"),
        ("stores", "known", None, "ab"),
        ("prices", "unknown", None, "c"),
    ],
)
def test_a_list_includes_values(attribute, operator, value, expected):
    rule = {"attribute": attribute, "operator": operator, "value": value}
    assert members({k: v for k, v in rule.items() if v is not None}) == expected


def test_groups_nest():
    bern = {"attribute": "city", "operator": "equals", "value": "Bern"}
    basel = {"attribute": "city", "operator": "equals", "value": "Basel"}
    assert members({"any": [bern, basel]}) == "ab"
    assert members({"all": [bern, basel]}) == ""
    assert members({"none": [bern]}) == "bc"
    assert members({"all": [{"any": [bern, basel]}, {"none": [basel]}]}) == "a"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            {"attribute": "town", "operator": "known"},
            "profiles have no town; they have person_id, decile",
        ),
        ({"attribute": "decile", "operator": "at_most", "value": "3"}, "decile is Int64, and '3' is not"),
        ({"attribute": "city", "operator": "equals", "value": 3}, "city is String, and 3 is not"),
        ({"attribute": "decile", "operator": "contains", "value": "3"}, "contains is for text"),
        ({"attribute": "by_department", "operator": "known"}, "by_department is a map: say which key"),
        ({"attribute": "city", "key": "x", "operator": "known"}, "city is no map"),
        ({"attribute": "born", "operator": "within_last", "value": "2 hours"}, "2 hours is less than a day"),
        ({"attribute": "born", "operator": "at_least", "value": "soon"}, "'soon' is no date or time"),
        ({"attribute": "city", "operator": "within_last", "value": "2 days"}, "within_last is for dates"),
        ({"attribute": "city", "operator": "more_than", "value": "B"}, "more_than is for numbers, dates and"),
        ({"attribute": "decile", "operator": "equals", "value": {"field": "city"}}, "and city is String"),
        ({"attribute": "city", "operator": "includes", "value": "B"}, "includes is for lists; city is"),
        ({"attribute": "stores", "operator": "equals", "value": "367"}, "stores is a list: ask what it incl"),
        ({"attribute": "stores", "operator": "includes", "value": 367}, "stores is String, and 367 is not"),
        ({"attribute": "days", "operator": "includes", "value": {"now": "-1 day"}}, "counted from now"),
        ({"attribute": "decile", "operator": "equals", "value": {"now": "-1 day"}}, "and no date or time"),
    ],
)
def test_a_rule_that_does_not_fit_the_profile_is_explained(rule, message):
    with pytest.raises(RuleError, match=message):
        members(rule)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{attribute: city, operator: like, value: B}", "rule.attribute.operator"),
        ("{attribute: city, operator: known, value: B}", "operator known takes no value"),
        ("{attribute: city, operator: one_of, value: B}", "operator one_of takes a list of values"),
        ("{attribute: city, operator: equals}", "operator equals takes one value"),
        ("{all: []}", "exactly one of all, any, none"),
        (
            "{all: [{attribute: a, operator: known}], any: [{attribute: a, operator: known}]}",
            "exactly one of",
        ),
        ("{sql: 1 = 1}", "rule.group.sql: Extra inputs are not permitted"),
    ],
)
def test_a_document_with_another_grammar_is_refused(tmp_path, rule, message):
    file = tmp_path / "vip.yaml"
    file.write_text(f"title: VIP\nrule: {rule}\n")
    with pytest.raises(DocumentError, match=message):
        load(file, Audience)


def test_equal_rules_have_equal_hashes():
    audiences = load_all(REPOSITORY / "include/audiences", Audience)
    assert len({a.definition_hash for a in audiences.values()}) == len(audiences)
    one = next(iter(audiences.values()))
    assert one.model_copy(update={"title": "Another"}).definition_hash == one.definition_hash
