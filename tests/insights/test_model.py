"""The star schema's files declare what their queries give, and every reference leads somewhere."""

from pathlib import Path

import pytest

from perennial.documents import DocumentError
from perennial.insights.model import ORDER, load_models
from perennial.insights.references import ForeignKey
from perennial.insights.structure import ddl
from perennial.settings import REPOSITORY

MODELS = load_models(REPOSITORY / "include/sql/insights")
D, P = "date_key", "merge_policy_id"
COUNT, SINGLE = "count_of_profiles", "count_of_single_identity_profiles"
MOVED = ["calculated_realized", "existing", "exited"]
STAR = {
    "adwh_dim_date": [D],
    "adwh_dim_merge_policies": [
        P,
        "merge_policy_name",
        "merge_policy",
        "dataset_id",
        "is_default_merge_policy",
    ],
    "adwh_fact_profile": [D, P, COUNT, SINGLE, "count_of_orphan_profiles", "count_of_identities"],
    "adwh_fact_profile_by_trendlines": [D, P, COUNT],
    "adwh_fact_profile_by_namespace": [D, P, "namespace_id", COUNT, SINGLE],
    "adwh_fact_profile_by_namespace_trendlines": [D, P, "namespace_id", COUNT, SINGLE],
    "adwh_dim_namespaces": ["namespace_id", P, "namespace_description"],
    "adwh_fact_profile_by_segment": [
        *(D, P, "segment_id", COUNT, SINGLE, "count_of_identities"),
        *(f"count_of_{moved}_profiles" for moved in MOVED),
    ],
    "adwh_fact_profile_by_segment_trendlines": [D, P, "segment_id", COUNT],
    "adwh_dim_segments": ["segment_id", "segment", "segment_name"],
    "adwh_fact_profile_by_segment_and_namespace": [D, P, "segment_id", "namespace_id", COUNT],
    "adwh_fact_profile_by_segment_and_namespace_trendlines": [D, P, "segment_id", "namespace_id", COUNT],
    "adwh_dim_overlap_namespaces": ["overlap_id", P, "overlap_namespaces"],
    "adwh_fact_profile_overlap_of_namespace": [D, P, "overlap_id", COUNT],
    "adwh_fact_profile_overlap_of_namespace_by_segment": [D, P, "overlap_id", "segment_id", COUNT],
    "adwh_fact_profile_overlap_of_segments": [D, P, "segment1", "segment2", "count_of_overlap"],
    "adwh_dim_br_segment_destinations": [
        *("segment_id", "destination_id", "start_date", "end_date", "create_time"),
    ],
    "adwh_dim_destination": [
        *("destination_id", "destination", "destination_name"),
        *("destination_platform_id", "destination_status", "create_time"),
    ],
    "adwh_dim_destination_platform": [
        *("destination_platform_id", "destination_platform", "destination_platform_name"),
    ],
    "adwh_fact_profile_ai_models": [
        *(D, P, "model_id", "score", "score_date", "created_date", COUNT),
    ],
    "adwh_fact_profile_by_segment_ai_models": [
        *(D, P, "model_id", "segment_id", "score", "score_date", "created_date", COUNT),
    ],
    "adwh_dim_ai_models": [P, "model_id", "model_name", "model_type"],
    "adwh_lkup_process_delta_log": ["process_name", "process_status", "process_date", P],
}
"""The tables of the reporting star schema, with the columns that are documented of each."""
GOOD = "title: T\nkind: fact\ncolumns: {a: text}\nprimary_key: [a]"


@pytest.mark.parametrize(("table", "columns"), STAR.items(), ids=list(STAR))
def test_the_documented_tables_have_the_documented_columns(table, columns):
    assert set(columns) <= set(MODELS[table].columns)
    assert {name: kind for name, kind in MODELS[table].columns.items() if name.endswith("_id")} == {
        name: "text" if name == "dataset_id" else "integer" for name in columns if name.endswith("_id")
    }


def test_there_are_as_many_of_them_as_are_documented():
    assert sorted(STAR) == sorted(name for name in MODELS if name.startswith("adwh_"))
    assert len(STAR) == 23


def test_dimensions_come_before_facts_and_views_last():
    order = [(model.stored == "view", ORDER.index(model.kind)) for model in MODELS.values()]
    assert order == sorted(order)


def test_every_fact_says_which_dimensions_it_has():
    keys = {"date_key", "merge_policy_id", "segment_id", "namespace_id", "overlap_id", "model_id"}
    for model in MODELS.values():
        if model.kind == "fact":
            declared = {column for key in model.foreign_keys for column in key.columns}
            assert keys & set(model.columns) <= declared, model.name


def test_ddl():
    assert ddl(MODELS["fact_campaign_reach"]) == (
        "CREATE TABLE insights.fact_campaign_reach "
        "(campaign_id text, received bigint, redeemed bigint, PRIMARY KEY (campaign_id))"
    )


def test_references_may_have_several_columns_targets_and_other_names(tmp_path: Path):
    (tmp_path / "d.sql").write_text("/*\ntitle: D\nkind: dimension\ncolumns: {a: text, c: text}\n"
                                    "primary_key: [a]\n*/ SELECT 1")  # fmt: skip
    said = "references:\n  a, b: d (a, c)\n  b: [d (a), e]\n"
    header = f"title: T\nkind: fact\ncolumns: {{a: text, b: text}}\nprimary_key: [a]\n{said}"
    (tmp_path / "e.sql").write_text(f"/*\n{header}*/ SELECT 1")
    assert load_models(tmp_path)["e"].foreign_keys == [
        ForeignKey(("a", "b"), "d", ("a", "c")),
        ForeignKey(("b",), "d", ("a",)),
        ForeignKey(("b",), "e", ("b",)),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1", "expected a comment"),
        ("/* title: T */ SELECT 1", "kind"),
        ("/* title: [ */ SELECT 1", "t.sql"),
        (f"/*\n{GOOD}\ncomments: {{b: B}}\n*/ SELECT 1", "comments on columns that are not declared: b"),
        (f"/*\n{GOOD}\nindexes: [[b]]\n*/ SELECT 1", "indexes on columns that are not declared: b"),
        (f"/*\n{GOOD}\nsource: profiles/*\n*/ SELECT 1", "day on columns that are not declared: date_key"),
        (f"/*\n{GOOD}\nupdate: keys\n*/ SELECT 1", "update: keys needs a source"),
        (f"/*\n{GOOD}\nstored: view\nindexes: [[a]]\n*/ SELECT 1", "a view has neither"),
        (f"/*\n{GOOD}\nreferences: {{a: other}}\n*/ SELECT 1", "no table other; there are t"),
        (f"/*\n{GOOD}\nreferences: {{a: t (b)}}\n*/ SELECT 1", "t has no column b; it has a"),
        (f"/*\n{GOOD}\nreferences: {{a: 't (a, a)'}}\n*/ SELECT 1", "names 2 columns; expected 1"),
        (f"/*\n{GOOD}\nreferences: {{a: t.a}}\n*/ SELECT 1", r"expected a table, or `table \(column"),
    ],
)
def test_a_mistake_in_a_declaration_is_explained(tmp_path: Path, text, message):
    (tmp_path / "t.sql").write_text(text)
    with pytest.raises(DocumentError, match=message):
        load_models(tmp_path)
