"""One day for every kind of run: form, partition, logical date, or by hand."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from perennial.operators.context import RunRefused, as_of, partition_key, refuse_unknown_keys


def context(params: dict[str, Any] | None = None, conf: dict[str, Any] | None = None, **run: Any) -> Any:
    moments = {"partition_key": None, "logical_date": None, "run_after": datetime(2026, 3, 4, 5, tzinfo=UTC)}
    known = params or {}
    return {
        "params": known,
        "dag": SimpleNamespace(params=known),
        "dag_run": SimpleNamespace(conf=conf, **(moments | run)),
    }


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (context(partition_key="2017-12-25"), datetime(2017, 12, 26, tzinfo=UTC)),
        (context(partition_key="2017-12-31"), datetime(2018, 1, 1, tzinfo=UTC)),
        (context({"as_of": "2017-12-01"}, partition_key="2017-12-25"), datetime(2017, 12, 1, tzinfo=UTC)),
        (context({"as_of": None}, partition_key="2016-02-28"), datetime(2016, 2, 29, tzinfo=UTC)),
        (context(logical_date=datetime(2017, 12, 25, 13, tzinfo=UTC)), datetime(2017, 12, 25, tzinfo=UTC)),
        (context(), datetime(2026, 3, 4, tzinfo=UTC)),
    ],
)
def test_as_of(run, expected):
    assert as_of(run) == expected


@pytest.mark.parametrize(
    "run", [context({"as_of": "christmas"}), context(partition_key="emea"), context({"as_of": "2017-02-30"})]
)
def test_what_is_no_day_is_refused(run):
    with pytest.raises(RunRefused, match="expected a day such as 2017-12-25"):
        as_of(run)


def test_a_run_completes_the_partition_of_the_day_before():
    assert partition_key(datetime(2018, 1, 1, tzinfo=UTC)) == "2017-12-31"


def test_a_misspelt_key_is_refused():
    refuse_unknown_keys(context({"as_of": None}, conf={"as_of": "2017-12-25"}))
    with pytest.raises(RunRefused, match="unknown key in the run's configuration: asof; known: as_of"):
        refuse_unknown_keys(context({"as_of": None}, conf={"asof": "2017-12-25"}))
