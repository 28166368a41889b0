"""Definitions go from YAML to JSON and back without loss, and mistakes know their places."""

import random

import pytest
import yaml
from audiences import random_rules

from perennial.audiences.definition import Audience
from perennial.audiences.editing import DefinitionRefused, plain, read, to_yaml
from perennial.documents import load, load_all
from perennial.settings import REPOSITORY


@pytest.mark.parametrize("seed", range(5))
def test_definitions_survive_yaml_and_json(seed, tmp_path):
    dice = random.Random(seed)
    for _ in range(60):
        rule = random_rules.rule(dice, ["other"])
        once = read("it", {"title": "It", "rule": rule, "purpose": "marketing", "state": "draft"})
        file = tmp_path / "it.yaml"
        file.write_text(to_yaml(once))
        again = load(file, Audience)
        assert again.definition_hash == once.definition_hash
        assert read("it", plain(again)) == again
        assert plain(again) == plain(once)


def test_the_demos_audiences_read_as_a_person_would_write_them():
    audiences = load_all(REPOSITORY / "include/audiences", Audience)
    for name, each in audiences.items():
        assert yaml.safe_load(to_yaml(each)).keys() <= {"title", "description", "evaluation", "rule"}
        assert read(name, plain(each)) == each
    assert to_yaml(audiences["top_spenders"]).splitlines()[1:] == [
        "title: Top spenders",
        "description: The three best deciles of spend over twelve months.",
        "rule:",
        "  attribute: spend_12m_decile",
        "  operator: at_most",
        "  value: 3",
    ]


GOOD = {"attribute": "a", "operator": "known"}


@pytest.mark.parametrize(
    ("rule", "places"),
    [
        ({"attribute": "a", "operator": "like", "value": 1}, ["operator"]),
        ({"attribute": "a", "operator": "equals"}, [""]),
        ({"all": [GOOD, {"any": [{"attribute": "a", "operator": "equals", "value": {"no": 1}}]}]},
         ["all[1].any[0].value"]),
        ({"all": [{"event": "e", "where": {"all": [{"field": "f", "operator": "no"}]}}]},
         ["all[0].where.all[0].operator"]),
        ({"all": [{"event": "e", "within_last": "soon"}, {"share": 2, "seed": "s"}]},
         ["all[0].within_last", "all[1].share"]),
        ({"sequence": [{"event": "e"}, {"event": "e", "after_at_most": "x"}]}, ["sequence[1].after_at_most"]),
        ({"all": []}, [""]),
        ({"sql": "1 = 1"}, ["sql"]),
    ],
)  # fmt: skip
def test_mistakes_know_their_places(rule, places):
    with pytest.raises(DefinitionRefused) as refused:
        read("it", {"title": "It", "rule": rule})
    assert [mistake.path for mistake in refused.value.mistakes] == places
    assert all(mistake.message for mistake in refused.value.mistakes)


def test_what_is_missing_beside_the_rule_is_named():
    with pytest.raises(DefinitionRefused) as refused:
        read("it", {"rule": GOOD})
    assert [(m.path, m.message) for m in refused.value.mistakes] == [("title", "Field required")]
