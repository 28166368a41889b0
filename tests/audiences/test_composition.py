"""Parts, tops and lists: who is in which, and that definitions without them are what they were."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
import yaml
from pydantic import ValidationError

from perennial.audiences.comparisons import RuleError
from perennial.audiences.definition import Audience
from perennial.audiences.editing import DefinitionRefused, plain, read, to_yaml
from perennial.audiences.evaluation import evaluate
from perennial.audiences.rules import ShareCondition
from perennial.audiences.splitting import Part, definitions

NOW = datetime(2024, 5, 1, tzinfo=UTC)
MANY = pl.DataFrame({"person_id": [f"p{n}" for n in range(4_000)]})
FEW = pl.DataFrame(
    {
        "person_id": ["c", "a", "b", "e", "d"],
        "spend": pl.Series([Decimal("9.5"), Decimal("2"), Decimal("9.5"), None, Decimal("-1")]),
        "score": [0.5, float("nan"), 0.1, 0.9, None],
        "born": [date(2000, 1, 1), date(1990, 1, 1), None, date(1980, 1, 1), date(2010, 1, 1)],
        "city": ["x", "y", "x", "y", "x"],
        "spends": [[{"key": "DELI", "value": n}] if n else [] for n in (1, 2, 3, 0, 4)],
    }
)
EVERYBODY = {"attribute": "person_id", "operator": "known"}


def audience(name: str = "it", **more: object) -> Audience:
    return Audience.model_validate({"name": name, "title": name, **more})


def members(people: pl.DataFrame, *audiences: Audience) -> dict[str, list[str]]:
    def no_events(dataset: str) -> pl.LazyFrame:
        raise AssertionError(dataset)

    found = evaluate(people.lazy(), no_events, {each.name: each for each in audiences}, {}, NOW)
    return {each.name: sorted(found.filter(audience=each.name)["person_id"]) for each in audiences}


@pytest.mark.parametrize("shares", [[0.1, 0.2, 0.7], [0.15, 0.15, 0.3, 0.4], [0.07] * 14 + [0.02]])
def test_the_parts_of_an_audience_have_nobody_in_common_and_leave_nobody_out(shares):
    whole = audience("whole", rule=EVERYBODY)
    parts = [Part(f"part_{n}", f"Part {n}", share) for n, share in enumerate(shares)]
    drafts = definitions(whole.model_copy(update={"purpose": "news"}), parts)
    assert {(each["purpose"], each["state"]) for each in drafts.values()} == {("news", "draft")}
    made = [audience(name, rule=draft["rule"]) for name, draft in drafts.items()]
    found = members(MANY, whole, *made)
    every = [person for each in made for person in found[each.name]]
    assert sorted(every) == sorted(MANY["person_id"])
    for each, share in zip(made, shares, strict=True):
        # Six standard deviations of a fair die.
        assert abs(len(found[each.name]) - 4_000 * share) < 6 * (4_000 * share * (1 - share)) ** 0.5


def test_a_part_ends_exactly_where_the_next_one_begins():
    assert ShareCondition(share=0.2, after=0.1, seed="s").end == 0.3 != 0.1 + 0.2


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        ([Part("a", "A", 0.5), Part("b", "B", 0.51)], ["parts"]),
        ([Part("a", "A", 0.5), Part("a", "B", 0.1)], ["parts[1].name"]),
        ([Part("a", "A", 1.0)], ["parts[0].share"]),
        ([Part("a", "A", 0.0), Part("b", "B", 0.3)], ["parts[0].share"]),
    ],
)
def test_parts_that_cannot_be_are_refused(parts, places):
    with pytest.raises(DefinitionRefused) as refused:
        definitions(audience(rule=EVERYBODY), parts)
    assert [each.path for each in refused.value.mistakes] == places


def test_a_part_ends_where_everybody_does():
    audience(rule={"share": 0.3, "after": 0.7, "seed": "s"})
    with pytest.raises(DefinitionRefused, match=r"0\.4 after 0\.7 is more than there is"):
        read("it", {"title": "It", "rule": {"share": 0.4, "after": 0.7, "seed": "s"}})


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        ({"by": "spend", "most": 1}, "b"),
        ({"by": "spend", "most": 2}, "bc"),
        ({"by": "spend", "most": 3}, "abc"),
        ({"by": "spend", "most": 9}, "abcd"),
        ({"by": "spend", "most": 1, "least_first": True}, "d"),
        ({"by": "spend", "most": 3, "least_first": True}, "abd"),
        ({"by": "score", "most": 2}, "ce"),
        ({"by": "score", "most": 9}, "bce"),
        ({"by": "born", "most": 2}, "cd"),
        ({"by": "spends", "key": "DELI", "most": 2, "least_first": True}, "ac"),
    ],
)
def test_only_the_first_by_an_attribute_are_members(top, expected):
    assert "".join(members(FEW, audience(rule=EVERYBODY, top=top))["it"]) == expected


def test_the_first_are_those_of_who_meets_the_rule_and_others_build_on_them():
    first = audience("first", rule={"attribute": "city", "operator": "equals", "value": "x"},
                     top={"by": "spend", "most": 2})  # fmt: skip
    rest = audience("rest", rule={"none": [{"audience": "first"}]}, top={"by": "born", "most": 1})
    assert members(FEW, rest, first) == {"first": ["b", "c"], "rest": ["d"]}
    assert members(FEW.clear(), first) == {"first": []}


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ({"by": "town", "most": 1}, "it: top.by: profiles have no town; they have person_id"),
        ({"by": "city", "most": 1}, "it: top.by: people are ranked by numbers, dates and times; city is"),
        ({"by": "spends", "most": 1}, "it: top.by: spends is a map: say which key"),
    ],
)
def test_what_people_cannot_be_ranked_by_is_explained(top, message):
    with pytest.raises(RuleError, match=message):
        members(FEW, audience(rule=EVERYBODY, top=top))


def test_definitions_are_told_apart_and_the_old_ones_keep_their_hashes():
    rule = {"all": [{"audience": "a"}, {"share": 0.1, "seed": "june"}]}
    assert audience(rule=rule).definition_hash == "2a0f71916e1df9c2"
    after = {"all": [{"audience": "a"}, {"share": 0.1, "after": 0, "seed": "june"}]}
    assert audience(rule=after).definition_hash == "2a0f71916e1df9c2"
    others = [
        audience(rule={"all": [{"audience": "a"}, {"share": 0.1, "after": 0.2, "seed": "june"}]}),
        audience(rule=rule, top={"by": "spend", "most": 5}),
        audience(rule=rule, top={"by": "spend", "most": 6}),
        audience(list={"namespace": "email"}),
        audience(list={"namespace": "phone"}),
        audience(list={"namespace": "email"}, top={"by": "spend", "most": 5}),
    ]
    hashes = [each.definition_hash for each in others]
    assert len({*hashes, "2a0f71916e1df9c2"}) == 7
    for each in others:
        assert read("it", plain(each)) == read("it", yaml.safe_load(to_yaml(each))) == each


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "either a rule or a list"),
        ({"rule": EVERYBODY, "list": {"namespace": "email"}}, "either a rule or a list"),
        ({"list": {"namespace": "email", "expires_after": "-3 days"}}, "without a sign"),
        ({"rule": EVERYBODY, "top": {"by": "spend", "most": 0}}, "greater than or equal to 1"),
    ],
)
def test_an_audience_is_either_a_rule_or_a_list(given, message):
    with pytest.raises(ValidationError, match=message):
        audience(**given)


def test_mistakes_beside_the_rule_know_their_places():
    with pytest.raises(DefinitionRefused) as refused:
        read("it", {"title": "It", "rule": EVERYBODY, "top": {"by": "spend", "most": 0}})
    assert [each.path for each in refused.value.mistakes] == ["top.most"]
