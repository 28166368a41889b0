"""Texts are scored as scikit-learn would, by rare terms and within blocks, and either way round."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from perennial.matching import cosine
from perennial.matching.definition import ProductMatch
from perennial.matching.products import explained, matched, texts
from perennial.matching.terms import squashed, weighed

LEFT = ["Linksys EtherFast EZXS-88W Switch", "Bose  Acoustimass 5", "Sony turntable, PS-LX350H", "", "a"]
RIGHT = [
    "EZXS88W switch",
    "Crème brûlée set",
    "turntable Sony PSLX350H belt drive",
    "BOSE Acoustimass V",
    None,
]
WORDS = st.lists(
    st.sampled_from(["sony", "bose", "sonny", "x1", "x2", "tv", "ps-lx350h", "pslx350"]), max_size=5
)
SIDE = st.lists(WORDS.map(" ".join), min_size=1, max_size=7)


def document(**other) -> ProductMatch:
    sides = {"left": {"table": "a", "key": "id"}, "right": {"table": "b", "key": "id"}}
    given = {
        "name": "m",
        "title": "m",
        "kind": "products",
        "text": ["name"],
        "threshold": 0.2,
        "review": 0.05,
    }
    return ProductMatch.model_validate(sides | given | other)


def side(names, **columns) -> pl.DataFrame:
    texts = {"name": names, **columns}
    return pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String))


def found(left: pl.DataFrame, right: pl.DataFrame, match: ProductMatch) -> dict[tuple[int, int], float]:
    return {
        (a, b): score for a, b, score in matched(left, right, match, texts(left, right, match)).iter_rows()
    }


def test_texts_are_compared_without_case_accents_and_punctuation():
    assert squashed(pl.Series(["Crème-brûlée,  EZXS-88W\t!", None])).to_list() == ["cremebrulee ezxs88w", ""]


def test_vectors_are_those_of_scikit_learn():
    both = weighed(pl.Series(LEFT), pl.Series(RIGHT))
    plain = squashed(pl.Series(LEFT + RIGHT)).to_list()
    peer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), sublinear_tf=True).fit_transform(plain)
    expected = (peer[: len(LEFT)] @ peer[len(LEFT) :].T).toarray()
    ours = (both.left.vectors @ both.right.vectors.T).toarray()
    assert np.abs(ours - expected).max() < 1e-12
    assert expected.max() > 0.5


@settings(max_examples=20)
@given(SIDE, SIDE)
def test_small_sides_are_compared_whole_and_either_way(left, right):
    match = document()
    pairs = found(side(left), side(right), match)
    both = weighed(pl.Series(left), pl.Series(right))
    full = (both.left.vectors @ both.right.vectors.T).toarray()
    assert set(pairs) == {
        (int(i), int(j)) for i, j in zip(*np.nonzero(np.round(full, 9) >= match.least), strict=True)
    }
    assert found(side(right), side(left), match) == {(j, i): score for (i, j), score in pairs.items()}


@settings(max_examples=20)
@given(SIDE, SIDE, st.data())
def test_no_pair_is_outside_a_block(left, right, data):
    brands = st.sampled_from(["Sony", "sony", "Bose", None])
    ours = [data.draw(brands) for _ in left]
    theirs = [data.draw(brands) for _ in right]
    open_pairs = found(side(left), side(right), document())
    pairs = found(side(left, brand=ours), side(right, brand=theirs), document(same=["brand"]))
    same = {
        (i, j) for i, a in enumerate(ours) for j, b in enumerate(theirs) if a and b and a.lower() == b.lower()
    }
    assert pairs == {pair: score for pair, score in open_pairs.items() if pair in same}


def test_what_many_texts_share_brings_no_pairs_together(monkeypatch):
    monkeypatch.setattr(cosine, "AT_LEAST", 50)
    monkeypatch.setattr(cosine, "PAIRS", 0)
    left = side([f"common words q{n}zk" for n in range(20)])
    right = side([f"common words q{n}zk" for n in range(20)])
    pairs = found(left, right, document())
    assert {(n, n) for n in range(20)} <= set(pairs)
    assert len(pairs) < 100, "of 400"


def test_why_tells_the_words_and_adds_up():
    left, right = side(LEFT), side(RIGHT)
    compared = texts(left, right, document())
    pairs = explained(matched(left, right, document(), compared), compared)
    best = pairs.sort("score", descending=True).row(0, named=True)
    assert (best["left"], best["right"]) == (1, 3)
    assert [part["what"] for part in best["why"]][:2] == ["acoustimass", "bose"]
    assert sum(part["weight"] for part in best["why"]) == pytest.approx(best["score"], abs=0.005)
    assert explained(pairs.clear().drop("why"), compared).is_empty()
