"""A tree is judged by families that it has not seen, is what scikit-learn fitted, and is told in words."""

import random

import numpy as np
import polars as pl
import pytest
from sklearn.tree import DecisionTreeClassifier

from perennial.bots.definition import BotDefinition, ModelSettings
from perennial.bots.learning import LEAST_IN_LEAF, SEED, NothingToLearn, judged, learn
from perennial.bots.tree import Tree

FEATURES = ["most_60", "most_300", "mean_60"]
SETTINGS = ModelSettings(folds=4)


def visitors(seed: int = 1, people: int = 300, bots: int = 120, families: int = 12) -> pl.DataFrame:
    """Bots do more at once than people, mostly; families are of no help to tell them."""
    dice, rows = random.Random(seed), []
    for number in range(people + bots):
        is_bot = number >= people
        most = int(dice.lognormvariate(3.4 if is_bot else 1.2, 0.7)) + 1
        rows.append(
            (most, most + dice.randrange(1 + 3 * most), most / 3, is_bot, f"{is_bot} {number % families}")
        )
    return pl.DataFrame(rows, schema=[*FEATURES, "is_crawler", "family"], orient="row")


def test_no_family_is_predicted_by_a_tree_that_has_seen_it():
    learned = learn(visitors(), FEATURES, SETTINGS)
    parts = [set(part) for part in learned.held_out]
    assert len(parts) == 4
    assert set().union(*parts) == set(visitors()["family"])
    assert sum(map(len, parts)) == learned.families == 24, "each is held out once"
    assert all(any(name.startswith(kind) for name in part) for part in parts for kind in ("True", "False"))


def test_what_only_families_know_is_not_learned():
    """Each family has a value of its own, which says all of those that were seen, and nothing of others."""
    dice = random.Random(3)
    rows = [(n % 40 * 10, dice.random(), 1.0, n % 40 * 7 % 3 == 0, f"{n % 40}") for n in range(800)]
    frame = pl.DataFrame(rows, schema=[*FEATURES, "is_crawler", "family"], orient="row")
    learned = learn(frame, FEATURES, ModelSettings(folds=4, leaves=32))
    own = frame.with_columns(share=learned.tree.probability())
    seen = judged("seen", own["share"] >= 0.5, own["is_crawler"])
    assert seen.recall is not None
    assert seen.recall > 0.9, "of its own families it knows nearly all"
    assert learned.quality.recall is not None
    assert learned.quality.recall < 0.6, "and of the others it guesses"


def test_the_expression_and_the_kept_tree_predict_as_scikit_learn_does():
    frame = visitors(5).sort(*FEATURES, "family")
    measures, truth = frame.select(FEATURES).to_numpy().astype(float), frame["is_crawler"].to_numpy()
    fitted = DecisionTreeClassifier(max_leaf_nodes=4, min_samples_leaf=LEAST_IN_LEAF, random_state=SEED)
    fitted.fit(measures, truth)
    tree = learn(frame, FEATURES, SETTINGS).tree
    again = visitors(6)
    expected = fitted.predict_proba(again.select(FEATURES).to_numpy().astype(float))[:, 1]
    for each in (tree, Tree.of(tree.rows())):
        shares = again.select(each.probability()).to_series().to_numpy()
        assert np.allclose(shares, expected)
    assert learn(frame.sample(fraction=1, shuffle=True, seed=9), FEATURES, SETTINGS).tree == tree


def test_its_rules_in_words_are_the_leaves_of_bots():
    learned = learn(visitors(), FEATURES, ModelSettings(folds=4, leaves=2))
    root = learned.tree.nodes[0]
    assert root.threshold is not None
    assert learned.tree.rules(0.5) == [f"most events in 60 s > {root.threshold:g}"]
    assert 5 < root.threshold < 30


def test_precision_and_recall_are_counted_by_the_labels():
    quality = judged("it", [True, True, True, False, False], [True, True, False, True, False])
    assert (quality.found, quality.mistaken, quality.bots) == (2, 1, 3)
    assert quality.precision == pytest.approx(2 / 3)
    assert quality.recall == pytest.approx(2 / 3)
    nobody = judged("it", [False], [False])
    assert (nobody.precision, nobody.recall) == (None, None)


@pytest.mark.parametrize("frame", [visitors(bots=0), visitors(families=3), visitors().head(0)])
def test_too_few_families_are_said_to_be_too_few(frame):
    with pytest.raises(NothingToLearn, match=r"it takes 4 of each to hold some out"):
        learn(frame, FEATURES, SETTINGS)


def test_no_feature_is_the_user_agent():
    said = {"name": "it", "title": "It", "dataset": "d", "visitor": "v", "user_agent": "a", "page": "p"}
    features = BotDefinition.model_validate(said).features
    assert features == [f"{kind}_{size}" for kind in ("most", "mean", "pages") for size in (60, 300, 1800)]
