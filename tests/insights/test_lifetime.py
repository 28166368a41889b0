"""Predictions, what came of them, and the fits behind them are in the store, as the lake has them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import psycopg
import pytest

from perennial.lake.lifetime import LIFETIME_ACTUALS, LIFETIME_MODELS, LIFETIME_SCORES
from perennial.stages.insights import refresh_insights

from .conftest import DAY

pytestmark = pytest.mark.store
AS_OF = DAY + timedelta(days=1)
PEOPLE = [("a", 1, 0.95, "90.00", 12.5), ("b", 1, 0.05, "10.00", 2.25), ("c", 2, 0.0, "5.00", 0.0)]
MEASURES: dict[str, Any] = {
    "customers": 3,
    "predicted": 12.0,
    "actual": 10.0,
    "total_error": 0.2,
    "gain": 0.5,
}


@pytest.fixture
def url(store) -> str:
    with psycopg.connect(store.url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS insights CASCADE")
    return str(store.url)


def query(url: str, sql: str) -> list[tuple]:
    with psycopg.connect(url, options="-c search_path=insights") as connection:
        return connection.execute(sql.encode()).fetchall()


def predictions() -> pl.DataFrame:
    rows = [
        {
            "person_id": person,
            "predicted_value_decile": decile,
            "p_alive": alive,
            "spend_last_year": Decimal(spend),
            "predicted_value": value,
            "predicted_spend": value * 2,
            "expected_purchases": 1.5,
        }
        for person, decile, alive, spend, value in PEOPLE
    ]
    filled = pl.DataFrame([dict.fromkeys(LIFETIME_SCORES) | row for row in rows], schema=LIFETIME_SCORES)
    return filled.with_columns(as_of=pl.lit(AS_OF))


def fit(as_of: date = AS_OF, revision: int = 0, **facts: Any) -> pl.DataFrame:
    row: dict[str, Any] = {
        "fit_id": f"lifetime-{as_of}",
        "definition": "lifetime",
        "as_of": as_of,
        "revision": revision,
        "status": "promoted",
        "reason": "no model was in use",
        "model": "bgnbd",
        "fits": [
            _fit("gammagamma", "calibration", -10.0, p=6.0),
            _fit("bgnbd", "calibration", -20.0, r=0.2),
            _fit("paretonbd", "calibration", None),
            _fit("gammagamma", "all", -11.0, p=6.1),
            _fit("bgnbd", "all", -21.0, r=0.25),
        ],
        "quality": [
            {"predictor": name, "target": "spend", **MEASURES} for name in ("bgnbd", "in_use", "last_year")
        ],
        "deciles": [{"predictor": "perfect", "target": "spend", "decile": 1, "lift": 2.5, **_less(MEASURES)}],
    }
    return pl.DataFrame([dict.fromkeys(LIFETIME_MODELS) | row | facts], schema=LIFETIME_MODELS)


def _fit(model: str, fitted_on: str, log_likelihood: float | None, **parameters: float) -> dict[str, Any]:
    return {
        "model": model,
        "fitted_on": fitted_on,
        "error": None if parameters else "no maximum",
        "customers": 3 if parameters else None,
        "log_likelihood": log_likelihood,
        "parameters": [{"name": k, "value": v, "standard_error": 0.1} for k, v in parameters.items()],
    }


def _less(measures: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in measures.items() if name != "total_error"}


def test_predicted_value_is_counted_by_decile(filled, url):
    filled.lake.lifetime("lifetime").replace(predictions(), AS_OF)
    refresh_insights(filled, url, "daily", AS_OF)
    rows = query(
        url,
        "SELECT date_key, decile, count_of_profiles, predicted_value, predicted_value_min, predicted_spend, "
        "expected_purchases, p_alive_mean, spend_last_year FROM fact_predicted_value ORDER BY decile",
    )
    assert rows == [
        (DAY, 1, 2, Decimal("14.75"), Decimal("2.25"), Decimal("29.50"), 3, 0.5, Decimal("100.00")),
        (DAY, 2, 1, Decimal("0.00"), Decimal("0.00"), Decimal("0.00"), Decimal("1.50"), 0.0, Decimal("5.00")),
    ]


def test_every_tenth_of_the_probability_has_a_row(filled, url):
    filled.lake.lifetime("lifetime").replace(predictions(), AS_OF)
    refresh_insights(filled, url, "daily", AS_OF)
    rows = query(url, "SELECT tenth, count_of_profiles, spend_last_year FROM fact_alive ORDER BY tenth")
    assert [row[0] for row in rows] == list(range(1, 11))
    assert [row for row in rows if row[1]] == [(1, 2, Decimal("15.00")), (10, 1, Decimal("90.00"))]


def test_without_any_prediction_the_tables_are_empty_and_the_refresh_goes_on(filled, url):
    refresh_insights(filled, url, "daily", AS_OF)
    for table in ("fact_predicted_value", "fact_alive", "fact_prediction_outcome", "fact_model_fit"):
        assert query(url, f"SELECT count(*) FROM {table}") == [(0,)]


def test_what_came_of_predictions_has_the_day_of_both(filled, url):
    row = {
        "as_of": AS_OF,
        "scored_as_of": AS_OF - timedelta(days=30),
        "days": 30,
        "decile": 1,
        "customers": 7,
        "predicted_purchases": 8.5,
        "actual_purchases": 9,
        "predicted_spend": 80.125,
        "actual_spend": Decimal("90.10"),
    }
    filled.lake.lifetime_actuals("lifetime").replace(pl.DataFrame([row], schema=LIFETIME_ACTUALS), AS_OF)
    refresh_insights(filled, url, "daily", AS_OF)
    assert query(url, "SELECT * FROM fact_prediction_outcome") == [
        (DAY, DAY - timedelta(days=30), 1, 30, 7, Decimal("8.50"), 9, Decimal("80.13"), Decimal("90.10"))
    ]


def test_fits_say_what_was_promoted_and_what_could_not_be_fitted(filled, url):
    filled.lake.lifetime_models.append(fit())
    earlier = AS_OF - timedelta(days=28)
    filled.lake.lifetime_models.append(
        fit(earlier, status="failed", reason="too short", model=None, fits=[], quality=[], deciles=[])
    )
    refresh_insights(filled, url, "daily", AS_OF)
    columns = "date_key, status, model, customers, log_likelihood, spend_log_likelihood, not_fitted"
    assert query(url, f"SELECT {columns} FROM fact_model_fit ORDER BY date_key") == [
        (earlier - timedelta(days=1), "failed", None, None, None, None, None),
        (DAY, "promoted", "BG/NBD", 3, -21.0, -11.0, "Pareto/NBD: no maximum"),
    ]
    parameters = query(
        url, "SELECT model, fitted_on, parameter, value FROM fact_model_parameter ORDER BY 1, 2"
    )
    assert parameters == [
        ("BG/NBD", "all", "r", 0.25),
        ("BG/NBD", "calibration", "r", 0.2),
        ("Gamma-Gamma", "all", "p", 6.1),
        ("Gamma-Gamma", "calibration", "p", 6.0),
    ]


def test_a_rejected_fit_shows_its_likelihood_on_the_calibration(filled, url):
    tried = [_fit("gammagamma", "calibration", -10.0, p=6.0), _fit("bgnbd", "calibration", -20.0, r=0.2)]
    filled.lake.lifetime_models.append(fit(status="rejected", reason="worse", fits=tried))
    refresh_insights(filled, url, "daily", AS_OF)
    found = query(url, "SELECT status, log_likelihood, spend_log_likelihood FROM fact_model_fit")
    assert found == [("rejected", -20.0, -10.0)]


def test_quality_names_who_predicted_in_which_role(filled, url):
    filled.lake.lifetime_models.append(fit())
    refresh_insights(filled, url, "daily", AS_OF)
    rows = query(
        url, "SELECT predictor, role, target, predicted, total_error, deviance FROM fact_model_quality"
    )
    assert sorted(rows) == [
        ("BG/NBD", "candidate", "spend", 12.0, 0.2, None),
        ("Last year's spend", "baseline", "spend", 12.0, 0.2, None),
        ("Model in use", "in use", "spend", 12.0, 0.2, None),
    ]
    deciles = query(url, "SELECT predictor, role, decile, lift, gain FROM fact_model_calibration")
    assert deciles == [("Perfect ranking", "perfect", 1, 2.5, 0.5)]


def test_the_newest_revision_of_a_fit_counts(filled, url):
    filled.lake.lifetime_models.append(fit())
    filled.lake.lifetime_models.append(fit(revision=1, status="rejected", quality=[]))
    refresh_insights(filled, url, "daily", AS_OF)
    assert query(url, "SELECT status FROM fact_model_fit") == [("rejected",)]
    assert query(url, "SELECT count(*) FROM fact_model_quality") == [(0,)]
    assert query(url, "SELECT count(*) FROM fact_model_parameter") == [(4,)]
