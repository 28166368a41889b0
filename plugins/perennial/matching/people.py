"""Two sides of people in; pairs with the probability that both are one person, and why, out.

Fellegi and Sunter's model as Splink learns it, without labels: how often each outcome of a comparison is
found among pairs at random (u) is counted on a sample, how often among matches (m) is estimated by
expectation maximisation. Each outcome then weighs `log2(m / u)`, and the weights of a pair add up.
"""

import logging
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import polars as pl

from perennial.matching.definition import Comparing, PeopleMatch
from perennial.matching.sides import MatchRefused, folded

SAMPLED = 200_000
"""Pairs at random of which u is counted."""
TRAINED = 1_000_000
"""Pairs of a block from which m is learned, at the most."""
FAINT = 1e-4
"""Pairs less probable than this are forgotten, before it is known how many matches there are."""
SIMILAR = {"name": [0.92, 0.8], "text": [0.9, 0.75]}
"""From which Jaro-Winkler similarities on two are nearly the same, and similar."""
EDITS = [1, 2]
"""Of codes."""

_LIKE = ("different", "similar", "nearly the same", "the same")
OUTCOMES: dict[Comparing, tuple[str, ...]] = {
    "exact": ("different", "the same"),
    "name": _LIKE,
    "text": _LIKE,
    "code": ("different", "two edits", "one edit", "the same"),
}
"""What can come of a comparison, from the least alike on."""


@dataclass(frozen=True)
class Learned:
    """What the model knows, for people to read."""

    prior: float
    """The share of all pairs that are matches."""
    levels: list[dict[str, Any]]
    """`field`, `outcome`, `m` and `u` of every outcome; one that never occurred has none."""


def matched(
    left: pl.DataFrame, right: pl.DataFrame, match: PeopleMatch, threads: int = 2
) -> tuple[pl.DataFrame, Learned]:
    """Pairs (`left`, `right`: row numbers) with `score`, `weight` and `why`, that are at least `match.least`.

    Raises `MatchRefused` where there is too little to learn from.
    """
    if left.is_empty() or right.is_empty():
        return _explained(pl.DataFrame(schema=_columns(match)), match), Learned(0.0, [])
    pairs, prior = left.height * right.height, 1.0 / max(left.height, right.height)
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute("SET enable_progress_bar = false")
        linker = _linker(connection, left, right, match, prior)
        _train(linker, match)
        predicted = linker.inference.predict(threshold_match_probability=FAINT, warning_mode="never")
        found = predicted.as_duckdbpyrelation().select(*_columns(match)).pl()
        levels = _levels(linker.misc.save_model_to_json(), match)
    found, prior = weighed(found, prior, pairs)
    return _explained(found.filter(pl.col("score") >= match.least), match), Learned(prior, levels)


def weighed(found: pl.DataFrame, prior: float, pairs: int) -> tuple[pl.DataFrame, float]:
    """Pairs with a `match_weight` by some prior; `weight` and `score` by the one that fits, and that one.

    The share of pairs that are matches is the one at which the probabilities of all add up to it: the step of
    expectation maximisation for the prior, again and again.
    """
    told = found["match_weight"].to_numpy() - _log_odds(prior)
    for _ in range(200):
        probable = _probability(told + _log_odds(prior))
        # There cannot be more than one partner each on average, and something is a match.
        before, prior = prior, min(max(probable.sum() / pairs, 1e-3 / pairs), prior)
        if abs(before - prior) <= 1e-6 * before:
            break
    weight = told + _log_odds(prior)
    return found.with_columns(weight=weight, score=pl.Series(_probability(weight)).round(9)), prior


def _log_odds(share: float) -> float:
    return float(np.log2(share / (1 - share))) if share < 1 else 0.0


def _probability(weight: np.ndarray) -> np.ndarray:
    probable: np.ndarray = 1.0 / (1.0 + np.exp2(-np.clip(weight, -1000, 1000)))
    return probable


def _linker(
    connection: duckdb.DuckDBPyConnection,
    left: pl.DataFrame,
    right: pl.DataFrame,
    match: PeopleMatch,
    prior: float,
) -> Any:
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    api = DuckDBAPI(connection=connection)
    fields = [folded(pl.col(name)).alias(name) for name in match.compare]
    sides = [
        api.register(side.select("__row", *fields).to_arrow(), dataset_display_name=name)
        for name, side in (("a_left", left), ("b_right", right))
    ]
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="__row",
        comparisons=[_comparison(name, each.by) for name, each in match.compare.items()],
        blocking_rules_to_generate_predictions=[block_on(*block) for block in match.blocks],
        probability_two_random_records_match=prior,
        retain_intermediate_calculation_columns=True,  # the weights of each field
    )
    return Linker(sides, settings, log_level=logging.ERROR)


def _comparison(name: str, by: Comparing) -> Any:
    import splink.comparison_library as comparisons

    if by == "code":
        return comparisons.DamerauLevenshteinAtThresholds(name, EDITS)
    if by == "exact":
        return comparisons.ExactMatch(name)
    made = comparisons.JaroWinklerAtThresholds(name, SIMILAR[by])
    # Two people called Smith are less likely one person than two who are called Featherstonehaugh.
    return made.configure(term_frequency_adjustments=by == "name")


def _train(linker: Any, match: PeopleMatch) -> None:
    """Learn of every field from a block that does not have it."""
    from splink import block_on
    from splink.internals.exceptions import EMTrainingException

    linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED, seed=1)
    unknown, why = set(match.compare), ""
    for block in match.blocks:
        if unknown - set(block):
            try:
                linker.training.estimate_parameters_using_expectation_maximisation(
                    block_on(*block), max_pairs=TRAINED
                )
            except EMTrainingException:
                why = f": no two rows agree in {', '.join(block)}"
            else:
                unknown &= set(block)
    if unknown:
        raise MatchRefused(
            f"nothing can be learned of {', '.join(sorted(unknown))}{why}; add a block without"
        )


def _columns(match: PeopleMatch) -> dict[str, Any]:
    """What is taken of Splink's answer."""
    taken: dict[str, Any] = {"match_weight": pl.Float64(), "__row_l": pl.UInt32(), "__row_r": pl.UInt32()}
    for name, each in match.compare.items():
        taken |= {f"gamma_{name}": pl.Int32(), f"mw_{name}": pl.Float64()}
        taken |= {f"mw_tf_adj_{name}": pl.Float64()} if each.by == "name" else {}
    return taken


def _explained(found: pl.DataFrame, match: PeopleMatch) -> pl.DataFrame:
    """`why`: of each field that both have, what came out, and what that weighs."""
    told = []
    for name, each in match.compare.items():
        outcomes = dict(enumerate(OUTCOMES[each.by]))
        weight = pl.col(f"mw_{name}") + (pl.col(f"mw_tf_adj_{name}") if each.by == "name" else 0.0)
        outcome = pl.col(f"gamma_{name}").replace_strict(outcomes, default=None, return_dtype=pl.String)
        told.append(
            pl.when(pl.col(f"gamma_{name}") >= 0).then(
                pl.struct(what=pl.lit(f"{name}: ") + outcome, weight=weight.round(3))
            )
        )
    rows = [pl.col(f"__row_{side[0]}").cast(pl.UInt32).alias(side) for side in ("left", "right")]
    if found.is_empty():
        found = found.with_columns(score=pl.lit(0.0), weight=pl.lit(0.0))
    return found.select(*rows, "score", "weight", why=pl.concat_list(told).list.drop_nulls())


def _levels(model: dict[str, Any], match: PeopleMatch) -> list[dict[str, Any]]:
    """What was learned, as people read it."""
    told = []
    for (name, each), comparison in zip(match.compare.items(), model["comparisons"], strict=True):
        known = [one for one in comparison["comparison_levels"] if not one.get("is_null_level")]
        for outcome, level in zip(reversed(OUTCOMES[each.by]), known, strict=True):
            m, u = level.get("m_probability"), level.get("u_probability")
            told.append({"field": name, "outcome": outcome, "m": m, "u": u})
    return told
