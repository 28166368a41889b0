"""What of the scores a profile shows, and what of the rules the store shows."""

import polars as pl
from purchases import AS_OF, events, moment
from value.rfm.documents import definition

from perennial.value.rfm.scores import rfm
from perennial.value.rfm.segments import described, published


def test_a_profile_shows_scores_and_label_under_the_documents_name():
    rows = events(("c", "b1", "p1", "10.00", moment(2017, 12, 5)))
    found = published(rfm(rows.lazy(), definition(), AS_OF), "rfm").collect()
    assert found.rows(named=True) == [
        {
            "person_id": "c", "rfm_recency": 1, "rfm_frequency": 1, "rfm_monetary": 1, "rfm_score": "111",
            "rfm_segment": "Core",
        }
    ]  # fmt: skip


def test_segments_are_described_in_their_order_with_the_default_at_the_end():
    rules = [{"label": "A", "recency": 1, "description": "Lately"}, {"label": "B", "frequency": 1}]
    found = described({"rfm": definition(segments=rules, default="Rest")})
    assert found.rows() == [("rfm", "A", 1, "Lately"), ("rfm", "B", 2, ""), ("rfm", "Rest", 3, "")]
    assert described({}).schema["position"] == pl.Int64
