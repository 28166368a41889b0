"""Models are fitted when they are due, take over if they are not worse, and score everybody as of a day."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from perennial.lake.lifetime import LIFETIME_ACTUALS
from perennial.lake.maintenance import tables
from perennial.stages.lifetime import NoModel, fit_lifetime, score_lifetime
from perennial.stages.signals import ingest_batch
from perennial.stages.workspace import Workspace
from perennial.value.lifetime.definition import ColumnMissing
from perennial.value.lifetime.registry import current

from .conftest import NOW, ingest_days
from .conftest import workspace as over
from .orders import orders, put, workspace

FIRST = date(1998, 1, 1)
SECOND = FIRST + timedelta(days=91)


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return orders()


@pytest.fixture
def made(tmp_path: Path, rows: pl.DataFrame) -> Workspace:
    return workspace(tmp_path, rows)


def scored(made: Workspace, day: date) -> pl.DataFrame:
    return made.lake.lifetime("clv").scan().filter(as_of=day).collect().sort("person_id")


def fits(made: Workspace) -> list[tuple]:
    found = current(made.lake.lifetime_models).sort("as_of").select("as_of", "status", "model")
    return found.collect().rows()


def strangers(rows: pl.DataFrame) -> pl.DataFrame:
    """The shop has lost its customers' numbers: each order comes from somebody new, so nobody comes back."""
    return rows.with_columns(customer_id="order_id")


def test_everybody_is_scored_by_the_model_that_was_promoted(made):
    report = fit_lifetime(made, FIRST)
    assert report["clv"]["in_use"] == "clv-1998-01-01"
    assert report["clv"]["fits"] == {"1998-01-01": "promoted: no model was in use"}
    counts = score_lifetime(made, FIRST)
    assert counts["clv"]["customers"] == 2357
    assert counts["clv"]["predicted_value"] > 0
    everybody = scored(made, FIRST)
    assert everybody.height == 2357
    assert everybody["fit_id"].unique().to_list() == ["clv-1998-01-01"]
    assert everybody.filter(frequency=0).height > 1000, "one-time buyers are among them"


def test_run_again_everything_is_as_it_was(made):
    fit_lifetime(made, FIRST)
    score_lifetime(made, FIRST)
    version, before = made.lake.lifetime_models.version(), scored(made, FIRST)
    fit_lifetime(made, FIRST)
    fit_lifetime(made, FIRST, force=True)
    score_lifetime(made, FIRST)
    assert made.lake.lifetime_models.version() == version
    assert scored(made, FIRST).equals(before)
    assert made.lake.lifetime("clv").scan().collect().height == 2357


def test_nothing_is_fitted_until_a_refit_is_due_or_forced(made):
    fit_lifetime(made, FIRST)
    soon, due = FIRST + timedelta(days=27), FIRST + timedelta(days=28)
    assert fit_lifetime(made, soon)["clv"] == {"in_use": "clv-1998-01-01", "fits": {}}
    assert list(fit_lifetime(made, due)["clv"]["fits"]) == [str(due)]
    assert list(fit_lifetime(made, soon, force=True)["clv"]["fits"]) == [str(soon)]


def test_a_fit_without_a_maximum_keeps_the_last_good_model_and_says_why(made, rows):
    fit_lifetime(made, FIRST)
    score_lifetime(made, FIRST)
    before = scored(made, FIRST)
    put(made, strangers(rows))
    report = fit_lifetime(made, SECOND)
    assert report["clv"]["in_use"] == "clv-1998-01-01"
    outcome = report["clv"]["fits"][str(SECOND)]
    assert outcome.startswith("failed: 0 customers have a mean repeat spend above zero")
    assert [status for _, status, _ in fits(made)] == ["promoted", "failed"]
    put(made, rows)
    score_lifetime(made, SECOND)
    assert scored(made, SECOND)["fit_id"].unique().to_list() == ["clv-1998-01-01"]
    score_lifetime(made, FIRST)
    assert scored(made, FIRST).equals(before)
    # It is tried again on the next day, not after another four weeks.
    following = SECOND + timedelta(days=1)
    assert list(fit_lifetime(made, following)["clv"]["fits"]) == [str(following)]
    assert [status for _, status, _ in fits(made)][1:] != ["failed", "failed"]


def test_without_any_model_the_error_says_what_to_do_and_nobody_is_scored(made, tmp_path):
    with pytest.raises(NoModel) as error:
        fit_lifetime(made, date(1997, 6, 1))
    assert str(error.value) == (
        "clv: no model of lifetime value is in use as of 1997-06-01, and none could be fitted: failed: the "
        "purchases before 1997-03-02 span 60 days; calibration_days asks for 91. Fits need 91 days of "
        "purchases before a holdout of 91: load a longer history, or shorten calibration_days and "
        f"holdout_days in {tmp_path}/include/value/clv.yaml"
    )
    assert score_lifetime(made, date(1997, 6, 1)) == {"clv": {"model": None, "customers": 0}}
    assert not made.lake.lifetime("clv").exists()
    assert fits(made) == [(date(1997, 6, 1), "failed", None)]


def test_a_worse_refit_is_not_promoted(made, rows):
    """For a quarter the shop's export has amounts in another currency; then it is mended."""
    fit_lifetime(made, FIRST)
    wrong = pl.col("event_date").is_between(FIRST - timedelta(days=91), FIRST, closed="left")
    total = pl.when(wrong).then(pl.col("total") * 7).otherwise("total").cast(pl.Decimal(18, 2))
    put(made, rows.with_columns(total=total))
    report = fit_lifetime(made, SECOND)
    assert report["clv"]["in_use"] == "clv-1998-01-01"
    outcome = report["clv"]["fits"][str(SECOND)]
    assert outcome.startswith("rejected: worse than the model in use: deviance of spend")
    put(made, rows)
    assert fit_lifetime(made, SECOND)["clv"]["in_use"] == f"clv-{SECOND}", "and on good data it would be"
    versions = made.lake.lifetime_models.scan().select("as_of", "revision", "status").collect()
    assert versions.sort("as_of", "revision").rows() == [
        (FIRST, 0, "promoted"),
        (SECOND, 0, "rejected"),
        (SECOND, 1, "promoted"),
    ]


def test_a_past_day_never_sees_a_later_model(made):
    fit_lifetime(made, SECOND)
    with pytest.raises(NoModel):
        # Before the first purchases there is nothing to fit, and the later model does not help.
        fit_lifetime(made, date(1997, 3, 1))
    assert score_lifetime(made, FIRST)["clv"]["model"] is None
    assert fit_lifetime(made, FIRST)["clv"]["in_use"] == "clv-1998-01-01"
    between = SECOND - timedelta(days=1)
    for day, fit_id in ((FIRST, FIRST), (between, FIRST), (SECOND, SECOND)):
        score_lifetime(made, day)
        assert scored(made, day)["fit_id"].unique().to_list() == [f"clv-{fit_id}"]


def test_purchases_that_arrive_late_change_the_days_that_are_run_again(made, rows):
    put(made, rows.filter(pl.col("order_id").cast(pl.Int64) % 50 != 0))
    fit_lifetime(made, FIRST)
    score_lifetime(made, FIRST)
    before = scored(made, FIRST)
    put(made, rows)
    fit_lifetime(made, FIRST)
    score_lifetime(made, FIRST)
    assert made.lake.lifetime_models.scan().collect().height == 2
    assert len(fits(made)) == 1
    assert not scored(made, FIRST).equals(before)


@pytest.mark.long
def test_a_range_of_days_leaves_what_each_day_by_itself_leaves(made, rows, tmp_path):
    since, until = FIRST, FIRST + timedelta(days=60)
    report = fit_lifetime(made, until, since=since)
    days = [FIRST, FIRST + timedelta(days=28), FIRST + timedelta(days=56)]
    assert list(report["clv"]["fits"]) == [str(day) for day in days]
    score_lifetime(made, until, since=since)
    other = workspace(tmp_path / "other", rows)
    for day in (*days, until):
        fit_lifetime(other, day)
        score_lifetime(other, day)
    keys = ["as_of", "scored_as_of", "decile"]
    for day in (*days, until):
        assert scored(made, day).equals(scored(other, day))
    compared = made.lake.lifetime_actuals("clv").scan().collect().sort(keys)
    assert compared.equals(other.lake.lifetime_actuals("clv").scan().collect().sort(keys))
    assert compared.group_by("as_of").agg(pl.col("scored_as_of").n_unique()).sort("as_of").rows() == [
        (days[1], 1),
        (days[2], 2),
        (until, 3),
    ]


def test_the_day_itself_is_not_compared_with_itself(made):
    fit_lifetime(made, FIRST)
    score_lifetime(made, FIRST)
    found = made.lake.lifetime_actuals("clv").scan().filter(as_of=FIRST).collect()
    assert found.equals(pl.DataFrame(schema=LIFETIME_ACTUALS))


def test_scores_of_a_model_that_may_no_longer_be_used_do_not_stay(made, tmp_path):
    """Weeks became days: parameters of the old model would be read in the wrong unit."""
    fit_lifetime(made, FIRST)
    score_lifetime(made, FIRST)
    document = tmp_path / "include/value/clv.yaml"
    document.write_text(document.read_text() + "unit_days: 1\n")
    changed = Workspace(made.settings)
    assert score_lifetime(changed, FIRST)["clv"]["model"] is None
    assert made.lake.lifetime("clv").partitions() == []
    report = fit_lifetime(changed, FIRST)
    assert report["clv"]["fits"] == {"1998-01-01": "promoted: no model was in use"}
    assert score_lifetime(changed, FIRST)["clv"]["customers"] == 2357


def test_maintenance_and_the_catalog_know_every_table(made):
    fit_lifetime(made, FIRST)
    score_lifetime(made, FIRST)
    mine = ["lifetime/clv", "lifetime_actuals/clv", "models/lifetime"]
    assert tables(made.lake.root) == ["events/orders", *mine]
    assert [made.lake.named(name).name for name in mine] == mine


def test_a_document_that_names_no_column_is_explained(tmp_path, rows):
    made = workspace(tmp_path, rows, "transaction: basket\n")
    with pytest.raises(ColumnMissing, match="clv: transaction: orders has no column basket; it has"):
        fit_lifetime(made, FIRST)


@pytest.fixture(scope="module")
def journey(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A year of receipts, with predictions as of July and everything up to the year's end."""
    made = over(tmp_path_factory.mktemp("journey"), landing)
    ingest_batch(made, "transactions", None, NOW)
    ingest_days(made)
    fit_lifetime(made, date(2017, 7, 3))
    score_lifetime(made, date(2017, 7, 3))
    fit_lifetime(made, date(2018, 1, 1))
    score_lifetime(made, date(2018, 1, 1))
    return made


def test_on_a_year_of_receipts_the_model_beats_the_simple_rules(journey):
    latest = current(journey.lake.lifetime_models).filter(as_of=date(2018, 1, 1)).collect()
    row = latest.row(0, named=True)
    assert (row["status"], row["model"]) == ("promoted", "bgnbd")
    assert [f["model"] for f in row["fits"] if f["error"]] == ["paretonbd"], "nobody is seen to leave"
    spend = {q["predictor"]: q for q in row["quality"] if q["target"] == "spend"}
    assert spend["bgnbd"]["deviance"] < min(
        spend["last_year"]["deviance"], spend["rfm_regression"]["deviance"]
    )
    assert abs(spend["bgnbd"]["total_error"]) < 0.05
    assert spend["bgnbd"]["gain"] > 0.8


def test_half_a_year_of_spend_was_predicted_within_a_hundredth(journey):
    found = journey.lake.lifetime_actuals("lifetime").scan().filter(as_of=date(2018, 1, 1)).collect()
    assert found["scored_as_of"].unique().to_list() == [date(2017, 7, 3)]
    assert found["days"].unique().to_list() == [182]
    predicted, actual = found["predicted_spend"].sum(), float(found["actual_spend"].sum())
    assert predicted == pytest.approx(actual, rel=0.01)
    by_decile = found.select((pl.col("predicted_spend") / pl.col("actual_spend").cast(pl.Float64) - 1).abs())
    assert by_decile.head(5).max().item() < 0.07, "in each of the deciles that bring most"
