"""An RFM document says what its scores are called, or why it cannot."""

import duckdb
import pytest
import yaml
from value.rfm.documents import DOCUMENT, definition

from perennial.documents import DocumentError, load, load_kinds
from perennial.settings import REPOSITORY
from perennial.stages.workspace import VALUE_KINDS
from perennial.value.rfm.definition import RfmDefinition

# Data Distiller, "Build audiences using SQL", section RFM model audience example:
# experienceleague.adobe.com/en/docs/experience-platform/query/data-distiller-audiences/overview
PUBLISHED = """
    CASE
        WHEN Recency=1 AND Frequency=1 AND Monetization=1 THEN '1. Core - Your Best Customers'
        WHEN Recency IN(1,2,3,4) AND Frequency=1 AND Monetization IN (1,2,3,4)
            THEN '2. Loyal - Your Most Loyal Customers'
        WHEN Recency IN(1,2,3,4) AND Frequency IN (1,2,3,4) AND Monetization=1
            THEN '3. Whales - Your Highest Paying Customers'
        WHEN Recency IN(1,2,3,4) AND Frequency IN(1,2,3) AND Monetization IN(2,3,4)
            THEN '4. Promising - Faithful Customers'
        WHEN Recency=1 AND Frequency=4 AND Monetization IN (1,2,3,4) THEN '5. Rookies - Your Newest Customers'
        WHEN Recency IN (2,3,4) AND Frequency=4 AND Monetization IN (1,2,3,4)
            THEN '6. Slipping - Once Loyal, Now Gone'
    END
"""


def test_every_combination_of_scores_has_the_label_that_the_published_sql_gives():
    document = load_kinds(REPOSITORY / "include" / "value", VALUE_KINDS, default="deciles")["rfm"]
    assert isinstance(document, RfmDefinition)
    scores = list(document.combinations())
    assert len(scores) == 64
    values = ", ".join(str(each) for each in scores)
    query = f"SELECT {PUBLISHED} FROM (VALUES {values}) AS t (recency, frequency, monetization)"
    expected = [label.split(" ")[1] for (label,) in duckdb.execute(query).fetchall()]
    assert [document.label(each) for each in scores] == expected
    assert document.labels() == ["Core", "Loyal", "Whales", "Promising", "Rookies", "Slipping"]


def test_the_first_rule_that_holds_gives_the_label_and_the_default_the_rest():
    document = definition(segments=[{"label": "A", "recency": [1, 2]}, {"label": "B", "monetary": 1}])
    assert [document.label(each) for each in ((1, 1, 1), (3, 4, 1), (3, 1, 2))] == ["A", "B", "Other"]
    assert document.labels() == ["A", "B", "Other"]


def test_a_default_that_no_scores_lead_to_is_no_segment():
    assert "Other" not in definition().labels()


def test_the_document_of_the_documentation_is_one_and_has_every_key(tmp_path):
    text = (REPOSITORY / "docs" / "rfm.md").read_text().split("```yaml\n")[1].split("```")[0]
    (tmp_path / "rfm.yaml").write_text(text)
    document = load(tmp_path / "rfm.yaml", RfmDefinition)
    assert set(RfmDefinition.model_fields) - {"name", "description"} == document.model_fields_set - {"name"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"buckets": 10}, "buckets: Input should be less than or equal to 9; found 10"),
        ({"buckets": 3}, "Promising: monetary: scores go from 1 to 3, found 4"),
        ({"segments": []}, "segments: List should have at least 1 item"),
        (
            {"segments": [{"label": "A", "recency": [3, 1]}]},
            "recency: expected the first score before the la",
        ),
        ({"segments": [{"label": "A", "recency": 0}]}, "segments.0.recency.0: Input should be greater than"),
        ({"segments": [{"label": "A"}, {"label": "A"}]}, "A: two segments have this label"),
        (
            {"segments": [{"label": "All"}, {"label": "B", "recency": 1}]},
            "B: no scores lead to it: segments before it hold for all of them",
        ),
        ({"amount": "quantity *"}, "amount: Value error, .*expected a field"),
        ({"where": "amount >"}, "where: Value error, .*expected a field"),
        ({"lookback": 0}, "lookback"),
        ({"time_zone": "Mars/Olympus"}, "time_zone: Value error, unknown time zone"),
        ({"threshold": 3}, "threshold: Extra inputs are not permitted"),
    ],
)
def test_a_document_that_cannot_be_is_explained(tmp_path, changed, message):
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump({**DOCUMENT, **changed}))
    with pytest.raises(DocumentError, match=message):
        load(tmp_path / "broken.yaml", RfmDefinition)
