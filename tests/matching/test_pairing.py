"""Which pairs are kept: one to one is what taking the best pair, one by one, would give."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.matching.pairing import picked

SCORED = st.dictionaries(
    st.tuples(st.integers(0, 8), st.integers(0, 8)), st.sampled_from([0.2, 0.4, 0.5, 0.9]), max_size=40
)

FEW = settings(max_examples=30)


def frame(scores: dict[tuple[int, int], float]) -> pl.DataFrame:
    rows = [(left, right, score) for (left, right), score in scores.items()]
    schema = {"left": pl.UInt32, "right": pl.UInt32, "score": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def one_by_one(scores: dict[tuple[int, int], float]) -> list[tuple[int, int]]:
    """The definition, as slow as it reads."""
    kept: list[tuple[int, int]] = []
    for left, right in sorted(scores, key=lambda pair: (-scores[pair], *pair)):
        if all(left != l and right != r for l, r in kept):  # noqa: E741
            kept.append((left, right))
    return kept


@FEW
@given(SCORED)
def test_one_to_one_is_greedy(scores):
    found = picked(frame(scores), "one_to_one")
    assert found.select("left", "right").rows() == one_by_one(scores)
    assert not found["left"].is_duplicated().any()
    assert not found["right"].is_duplicated().any()


@FEW
@given(SCORED)
def test_best_is_the_highest_of_each_left_row(scores):
    found = picked(frame(scores), "best")
    assert sorted(found["left"]) == sorted({left for left, _ in scores})
    for left, _, score in found.iter_rows():
        assert score == max(each for (one, _), each in scores.items() if one == left)


@FEW
@given(SCORED)
def test_all_keeps_all(scores):
    assert sorted(picked(frame(scores), "all").rows()) == sorted((*pair, s) for pair, s in scores.items())


@pytest.mark.parametrize("how", ["one_to_one", "best", "all"])
def test_no_pair_leaves_none(how):
    assert picked(frame({}), how).is_empty()
