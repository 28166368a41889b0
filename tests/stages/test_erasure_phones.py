"""Whoever is asked for by a phone number is found, however the number is written where."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import yaml

from perennial.lake.erasure import erased
from perennial.lake.signals import QUARANTINE
from perennial.stages import erasure
from perennial.stages.erasure import Request
from perennial.stages.identities import NoNumber, print_of
from perennial.stages.workspace import Workspace

from .club import workspace

NOW = datetime.now(UTC) + timedelta(days=2)
CALLS = {
    "title": "Calls",
    "kind": "record",
    "source": {"history": "calls/*.parquet"},
    "key": ["call"],
    "identities": [{"column": "member", "namespace": "member"}, {"column": "number", "namespace": "mobile"}],
    "columns": {
        "call": {"type": "string", "required": True},
        "member": {"type": "string"},
        "number": {"type": "string"},
    },
}


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    empty = workspace(tmp_path, {})
    mobile = {"title": "Mobile", "type": "phone", "region": "US"}
    for name, document in {"datasets/calls": CALLS, "namespaces/mobile": mobile}.items():
        (tmp_path / f"include/{name}.yaml").write_text(yaml.safe_dump(document))
    made = Workspace(empty.settings)
    calls = [("1", "ann", "(415) 555-2671"), ("2", None, "+1 415 555 2671"), ("3", "bob", "4155552672")]
    made.lake.records("calls").append(pl.DataFrame(calls, schema=["call", "member", "number"], orient="row"))
    raw = [json.dumps({"number": number, "call": "x"}) for number in ("415.555.2671", "415.555.2672")]
    bad = pl.DataFrame({"id": ["a", "b"], "raw": raw, "quarantined_on": [date(2026, 11, 1)] * 2})
    made.lake.quarantine("calls").append(
        bad.with_columns(
            pl.lit(None, dtype).alias(n) for n, dtype in QUARANTINE.items() if n not in bad.columns
        )
    )
    return made


@pytest.mark.parametrize("written", ["+14155552671", "415-555-2671"])
def test_all_ways_of_writing_a_number_are_erased_and_refused(made, written):
    request = Request("r", "mobile", print_of(made, "mobile", written), "asked", NOW)
    certificate = erasure.erase(made, None, request, NOW)
    assert {each["place"]: each["rows"] for each in certificate["removed"]} == {
        "records/calls": 2, "quarantine/calls": 1,
    }  # fmt: skip
    assert made.lake.records("calls").scan().collect()["call"].to_list() == ["3"]
    assert made.lake.quarantine("calls").scan().collect()["id"].to_list() == ["b"]
    assert set(erased(made.lake.root).filter(namespace="mobile").collect()["phone_region"]) == {"US"}


def test_what_can_be_no_number_is_refused(made):
    with pytest.raises(NoNumber, match="no phone number of US or with a country's code"):
        print_of(made, "mobile", "12")
