"""The star schema's files declare what their queries give, and every reference leads somewhere."""

import pytest

from perennial.documents import DocumentError
from perennial.insights.model import load_models
from perennial.insights.store import ddl
from perennial.settings import REPOSITORY

MODELS = load_models(REPOSITORY / "include/sql/insights")


def test_dimensions_come_before_facts():
    kinds = [model.kind for model in MODELS.values()]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_keys_and_references_exist(model):
    assert set(model.primary_key) <= set(model.columns)
    for column, dimension in model.references.items():
        assert column in model.columns
        assert column in MODELS[dimension].columns


def test_ddl():
    assert ddl(MODELS["fact_campaign_reach"]) == (
        "CREATE TABLE IF NOT EXISTS insights.fact_campaign_reach "
        "(campaign_id text, received bigint, redeemed bigint, PRIMARY KEY (campaign_id))"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1", "expected a comment"),
        ("/* title: T */ SELECT 1", "kind"),
        ("/* title: [ */ SELECT 1", "t.sql"),
        (
            "/*\ntitle: T\nkind: fact\ncolumns: {a: text}\nprimary_key: [a]\ncomments: {b: B}\n*/ SELECT 1",
            "comments on columns that are not declared: b",
        ),
    ],
)
def test_a_file_without_its_declaration_is_refused(tmp_path, text, message):
    (tmp_path / "t.sql").write_text(text)
    with pytest.raises(DocumentError, match=message):
        load_models(tmp_path)
