"""Visitors with labels in; a tree that tells bots by what they do, and how well trees did on families of user
agents that they had not seen, out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from perennial.bots.definition import ModelSettings
from perennial.bots.tree import Node, Tree

SEED = 0
LEAST_IN_LEAF = 5
"""Visitors, so that no threshold is learned from one of them."""


@dataclass(frozen=True)
class Quality:
    """How often something that calls visitors bots is right, by the labels."""

    predictor: str
    visitors: int
    bots: int
    """As labelled."""
    found: int
    """Called bots, and labelled as such."""
    mistaken: int
    """Called bots, and not labelled as such."""

    @property
    def precision(self) -> float | None:
        """Of those who were called bots, how many were labelled as such."""
        called = self.found + self.mistaken
        return self.found / called if called else None

    @property
    def recall(self) -> float | None:
        """Of those who were labelled as bots, how many were called so."""
        return self.found / self.bots if self.bots else None


@dataclass(frozen=True)
class Learned:
    """A tree, learned from all visitors, and how well trees predict families that they were not shown."""

    tree: Tree
    quality: Quality
    families: int
    bot_families: int
    held_out: tuple[tuple[str, ...], ...]
    """The families of each part: it was predicted by a tree that had seen none of them."""


class NothingToLearn(Exception):
    """The visitors do not differ enough for a tree, or for a trial of it; says why."""


def learn(visitors: pl.DataFrame, features: Sequence[str], settings: ModelSettings) -> Learned:
    """From visitors with `features`, `is_crawler` and `family`. The same rows give the same tree.

    Raises `NothingToLearn`.
    """
    # Importing it takes a second; most runs learn nothing.
    from sklearn.model_selection import StratifiedGroupKFold

    ordered = visitors.sort(*features, "family")
    families = ordered.unique("family")
    crawlers = int(families["is_crawler"].sum())
    if min(crawlers, families.height - crawlers) < settings.folds:
        raise NothingToLearn(
            f"{crawlers} families of crawlers and {families.height - crawlers} of others have visitors that "
            f"can be learned from; it takes {settings.folds} of each to hold some out"
        )
    measures = ordered.select(features).cast(pl.Float64).to_numpy()
    truth, family = ordered["is_crawler"].to_numpy(), ordered["family"].to_numpy()
    predicted, held_out = np.zeros(len(truth), dtype=bool), []
    parts = StratifiedGroupKFold(settings.folds, shuffle=True, random_state=SEED)
    for seen, unseen in parts.split(measures, truth, family):
        if len({*truth[seen]}) < 2:
            raise NothingToLearn("nearly all visitors are of one family: none can be held out")
        fitted = _fit(measures[seen], truth[seen], settings.leaves)
        share = fitted.predict_proba(measures[unseen])[:, 1]
        predicted[unseen] = share >= settings.probability
        held_out.append(tuple(sorted({*family[unseen]})))
    tree = _tree(_fit(measures, truth, settings.leaves), features, truth, measures)
    quality = judged("model", predicted, truth)
    return Learned(tree, quality, families.height, crawlers, tuple(held_out))


def judged(predictor: str, called: Any, truth: Any) -> Quality:
    """How well whom it calls bots are those who are labelled so."""
    called, truth = np.asarray(called, dtype=bool), np.asarray(truth, dtype=bool)
    return Quality(
        predictor, len(truth), int(truth.sum()), int((called & truth).sum()), int((called & ~truth).sum())
    )


def _fit(measures: Any, truth: Any, leaves: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(
        max_leaf_nodes=leaves, min_samples_leaf=LEAST_IN_LEAF, random_state=SEED
    )  # fmt: skip
    return tree.fit(measures, truth)


def _tree(fitted: Any, features: Sequence[str], truth: Any, measures: Any) -> Tree:
    inner, came = fitted.tree_, fitted.decision_path(measures).toarray().astype(bool)
    nodes = []
    for number in range(inner.node_count):
        left, right = int(inner.children_left[number]), int(inner.children_right[number])
        is_leaf, here = left == right, came[:, number]
        nodes.append(
            Node(
                None if is_leaf else features[inner.feature[number]],
                None if is_leaf else float(inner.threshold[number]),
                None if is_leaf else left,
                None if is_leaf else right,
                int(here.sum()),
                int(truth[here].sum()),
            )
        )
    return Tree(tuple(nodes))
