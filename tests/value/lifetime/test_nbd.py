"""NBD has the published answers, and is what is left of the other models where nobody leaves."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from perennial.value.lifetime import bgnbd, nbd, paretonbd
from perennial.value.lifetime.fitting import FitError
from perennial.value.lifetime.histories import Histories
from perennial.value.lifetime.nbd import Nbd


@pytest.fixture(scope="module")
def nobody_leaves():
    rng = np.random.default_rng(11)
    age = rng.uniform(5, 39, 3000)
    x = rng.poisson(rng.gamma(0.7, 1 / 9.0, 3000) * age)
    last = age * rng.random(3000) ** (1 / np.maximum(x, 1))
    return Histories.grouped(
        pl.DataFrame({"frequency": x, "recency": np.where(x > 0, last, 0.0), "age": age})
    )


def test_cdnow_has_the_published_parameters(cdnow_exact):
    found = nbd.fit(Histories.grouped(cdnow_exact))
    assert {name: round(value, 3) for name, value in found.parameters.items()} == {
        "r": 0.385,
        "alpha": 12.072,
    }
    assert round(found.log_likelihood, 1) == -9763.7


@pytest.mark.parametrize("model", [bgnbd, paretonbd])
def test_where_nobody_leaves_the_others_say_so_and_this_is_their_limit(nobody_leaves, model):
    with pytest.raises(FitError, match=r"does not tell .*(a|s|b|beta).* apart|(a|b|s|beta) runs to"):
        model.fit(nobody_leaves)
    found = nbd.fit(nobody_leaves)
    for name, value in {"r": 0.7, "alpha": 9.0}.items():
        assert abs(found.parameters[name] - value) < 4 * found.standard_errors[name]
    tiny, much = 1e-6, 1e6
    models: dict[Any, Any] = {bgnbd: bgnbd.BgNbd, paretonbd: paretonbd.ParetoNbd}
    limit = models[model](*found.parameters.values(), tiny, much)
    columns = nobody_leaves.frequency, nobody_leaves.recency, nobody_leaves.age
    assert limit.log_likelihood(*columns) @ nobody_leaves.customers == pytest.approx(found.log_likelihood)
    expected = found.model.expected_purchases(*columns, 39.0)
    assert limit.expected_purchases(*columns, 39.0) == pytest.approx(expected, rel=1e-4)


def test_predictions_by_hand():
    model = Nbd(2.0, 10.0)
    x, age = np.array([0.0, 3.0]), np.array([0.0, 30.0])
    assert model.p_alive(x, x, age).tolist() == [1, 1]
    assert model.expected_purchases(x, x, age, 8.0).tolist() == pytest.approx([1.6, 1.0])
    assert model.discounted_purchases(x, x, age, 8.0, 0.1) == pytest.approx(
        np.array([0.2, 0.125]) * (1 - np.exp(-0.8)) / 0.1
    )
    assert model.unconditional(np.array([5.0])).tolist() == pytest.approx([1.0])
