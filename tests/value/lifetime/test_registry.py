"""The registry only grows, keeps a fit once however often it is run, and shows no day what came later."""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from perennial.errors import TransientError
from perennial.lake.catalog import Lake
from perennial.value.lifetime.models import build
from perennial.value.lifetime.refit import InUse, refit
from perennial.value.lifetime.registry import Registry, current
from perennial.value.lifetime.validate import Verdict

FIRST, SECOND = date(1998, 4, 1), date(1998, 5, 1)
REJECTED = Verdict(False, "worse than the model in use")


@pytest.fixture(scope="module")
def fitted(cdnow_events, weekly):
    """A refit that is promoted."""
    return refit(cdnow_events, weekly, FIRST, None)


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(str(tmp_path))


@pytest.fixture
def registry(lake, weekly) -> Registry:
    return Registry(lake.lifetime_models, weekly)


def test_a_fit_comes_back_as_it_was(registry, fitted):
    assert registry.in_use(FIRST) is None
    row = registry.record(fitted, None)
    assert row["status"] == "promoted"
    found = registry.in_use(FIRST)
    assert found is not None
    assert found.fit_id == "clv-1998-04-01"
    for pair, fitted_on in ((found.final, "all"), (found.calibrated, "calibration")):
        assert pair.purchases == fitted.fitted(fitted.kind, fitted_on).model
        assert pair.spend == fitted.fitted("gammagamma", fitted_on).model


def test_run_again_the_registry_is_not_doubled(registry, lake, fitted, cdnow_events, weekly):
    registry.record(fitted, None)
    version = lake.lifetime_models.version()
    registry.record(refit(cdnow_events, weekly, FIRST, None), None)
    assert lake.lifetime_models.version() == version


def test_another_outcome_of_the_same_day_is_a_revision_and_the_newest_counts(registry, lake, fitted):
    registry.record(fitted, None)
    row = registry.record(replace(fitted, verdict=REJECTED, reason=REJECTED.reason), None)
    assert row["revision"] == 1
    assert registry.in_use(FIRST) is None
    every = lake.lifetime_models.scan().select("revision", "status").collect().sort("revision")
    assert every.rows() == [(0, "promoted"), (1, "rejected")]
    assert current(lake.lifetime_models).collect().height == 1
    assert registry.record(fitted, None)["revision"] == 2
    assert registry.in_use(FIRST) is not None


def test_the_newest_promoted_model_up_to_the_day_is_in_use(registry, fitted):
    for day, verdict in ((FIRST, fitted.verdict), (SECOND, fitted.verdict), (date(1998, 6, 1), REJECTED)):
        registry.record(replace(fitted, as_of=day, verdict=verdict), None)
    days = {
        FIRST - timedelta(days=1): None,
        FIRST: "clv-1998-04-01",
        SECOND - timedelta(days=1): "clv-1998-04-01",
        date(1998, 7, 1): "clv-1998-05-01",
    }
    for day, fit_id in days.items():
        found = registry.in_use(day)
        assert (found and found.fit_id) == fit_id


def test_a_refit_is_due_after_its_days_and_after_a_failure(registry, fitted):
    assert registry.is_due(FIRST)
    registry.record(replace(fitted, verdict=None, kind=None), None)
    assert registry.is_due(FIRST + timedelta(days=1)), "what failed is tried again"
    registry.record(fitted, None)
    assert registry.is_due(FIRST), "run again it gives the same"
    assert not registry.is_due(FIRST + timedelta(days=27))
    assert registry.is_due(FIRST + timedelta(days=28))
    registry.record(replace(fitted, as_of=SECOND, verdict=REJECTED), None)
    assert not registry.is_due(SECOND + timedelta(days=27)), "a rejected one has ended well, too"


def test_models_of_other_settings_and_documents_are_not_used(registry, lake, fitted, weekly):
    registry.record(fitted, None)
    days = weekly.model_copy(update={"unit_days": 1})
    other = weekly.model_copy(update={"name": "other"})
    # model_copy keeps what was cached.
    for definition in (type(weekly)(**days.model_dump()), type(weekly)(**other.model_dump())):
        assert Registry(lake.lifetime_models, definition).in_use(FIRST) is None
        assert Registry(lake.lifetime_models, definition).is_due(FIRST)


def test_what_failed_says_why(registry, lake, cdnow_events, weekly):
    strangers = cdnow_events.with_row_index("n").with_columns(person_id=pl.col("n").cast(pl.String))
    pair = build("nbd", {"r": 1.0, "alpha": 2.0}, {"p": 6.0, "q": 4.0, "v": 15.0})
    old = InUse("clv-1998-01-01", date(1998, 1, 1), "nbd", pair, pair)
    row = registry.record(refit(strangers, weekly, FIRST, old), old)
    assert row["status"] == "failed"
    assert "a longer period is needed" in row["reason"]
    assert row["compared_with"] == "clv-1998-01-01"
    assert registry.in_use(FIRST) is None


def test_two_that_record_at_once_are_noticed(lake, weekly, fitted, monkeypatch):
    registry = Registry(lake.lifetime_models, weekly)
    registry.record(fitted, None)
    before = lake.lifetime_models.version()
    registry.record(replace(fitted, as_of=SECOND), None)
    monkeypatch.setattr(type(lake.lifetime_models), "version", lambda _: before)
    with pytest.raises(TransientError):
        registry.record(replace(fitted, as_of=date(1998, 6, 1)), None)
