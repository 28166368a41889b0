"""A lake that an earlier release wrote is brought up to date, loses no row, and goes on from there."""

from datetime import UTC, date, datetime
from pathlib import Path
from zipfile import ZipFile

import polars as pl
import pytest

from perennial.lake import versions
from perennial.lake.catalog import Lake
from perennial.lake.maintenance import tables
from perennial.lake.tables import Table
from perennial.lake.upgrade import GONE, upgrade, wanted
from perennial.lake.versions import FILE, VERSION, LakeIsNewer, version_of
from perennial.settings import Settings
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.profiles import build_profiles
from perennial.stages.rfm import compute_rfm
from perennial.stages.signals import ingest_batch
from perennial.stages.stitching import stitch
from perennial.stages.value import compute_value, history
from perennial.stages.workspace import Workspace

HERE = Path(__file__).parent
LAST, NEXT = date(2024, 3, 3), date(2024, 3, 4)
NOW = datetime(2024, 3, 4, 3, tzinfo=UTC)


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """A deployment with the lake of `make_lake.py`, and the files of one more day."""
    with ZipFile(HERE / "lake_before.zip") as packed:
        packed.extractall(tmp_path)
    landing = tmp_path / "landing"
    (landing / "orders").mkdir(parents=True)
    order = "at,order_id,customer_id,product_id,amount\n2024-03-03 09:00:00,o999,c01,p1,99.00\n"
    (landing / "orders/2024-03-03.csv").write_text(order)
    return Workspace(Settings(HERE / "include", str(tmp_path / "lake"), str(landing), tmp_path / "spool"))


def held(root: str) -> dict[str, pl.DataFrame]:
    """The rows of every table that lies there."""
    return {name: Table(root, name).scan().collect() for name in tables(root)}


def test_a_lake_of_an_earlier_release_loses_no_row(made):
    root = made.settings.lake
    before = held(root)
    assert version_of(root) == 0
    assert before["events/orders"].height == 89
    assert sum(rows.height for rows in before.values()) > 400
    planned = wanted(root)
    assert version_of(root) == 0, "to look changes nothing"
    assert upgrade(root) == planned
    assert "profiles/identities is removed" in planned
    assert "responses/email_events gets bounce_reason, domain" in planned
    assert (wanted(root), upgrade(root), version_of(root)) == ([], [], VERSION), "it can be repeated"
    after = held(root)
    assert after.keys() == before.keys() - set(GONE)
    for name, rows in after.items():
        assert rows.select(before[name].columns).equals(before[name]), name
        declared = Lake(root).named(name).schema
        assert declared is None or set(declared) <= set(rows.columns), name


def test_days_go_on_where_the_earlier_release_ended(made):
    upgrade(made.settings.lake)
    before = history(made, "spend").read(LAST).collect()
    assert ingest_batch(made, "orders", date(2024, 3, 3), NOW).accepted == 1
    stitch(made, NOW)
    compute_value(made, NEXT)
    compute_rfm(made, NEXT)
    assert build_profiles(made, NEXT) == 12
    evaluate_audiences(made, NEXT)
    assert (
        history(made, "spend")
        .read(LAST)
        .collect()
        .sort(before.columns[:4])
        .equals(before.sort(before.columns[:4]))
    )
    spent = pl.col("spend").filter(pl.col("person_id") == "c01", lookback="lifetime", dimension="overall")
    now, was = (history(made, "spend").read(day).select(spent).collect().item() for day in (NEXT, LAST))
    assert float(now - was) == 99
    members = made.lake.membership.scan().filter(as_of=NEXT).collect()
    assert set(members["status"]) <= {"kept", "entered", "exited"}
    assert (members["status"] == "kept").sum() >= 4, "who was in it before is still known"


def test_a_lake_that_a_newer_release_upgraded_is_refused_and_left_alone(tmp_path, monkeypatch):
    table, root = Lake(str(tmp_path)).resolutions, str(tmp_path)
    rows = pl.DataFrame([{"id": "old"}], schema=table.schema)
    table.append(rows)
    (tmp_path / FILE).write_text('{"version": 2}')
    monkeypatch.setattr(versions, "_understood", set())
    for attempt in (table.scan, lambda: table.append(rows), lambda: upgrade(root)):
        with pytest.raises(
            LakeIsNewer, match=r"is of version 2, and this release of Perennial knows .* up to 1"
        ):
            attempt()
    monkeypatch.setattr(versions, "VERSION", 2)
    assert table.scan().collect().height == 1


def test_a_new_lake_is_of_this_version_from_its_first_table_on(tmp_path):
    table = Lake(str(tmp_path)).resolutions
    assert (table.version(), version_of(str(tmp_path))) == (-1, None), "who only looks leaves nothing"
    table.append(pl.DataFrame([{"id": "new"}], schema=table.schema))
    assert version_of(str(tmp_path)) == VERSION
