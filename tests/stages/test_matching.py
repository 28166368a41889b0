"""The documentation's catalogues are matched as it says; a run again does nothing without cause.

The catalogues are not part of the project: `PERENNIAL_ABT_BUY` says where they lie.
"""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from perennial.matching.sides import MatchRefused
from perennial.queries.catalog import LakeTables
from perennial.queries.lake_engine import LakeEngine
from perennial.queries.limits import SHOWN
from perennial.queries.outputs import write
from perennial.settings import REPOSITORY, Settings
from perennial.stages.matching import last_runs, run_match
from perennial.stages.personal_data import places
from perennial.stages.workspace import Workspace

FOLDER = Path(os.environ.get("PERENNIAL_ABT_BUY", REPOSITORY.parent / "shared/data/abt_buy"))
EXAMPLE = REPOSITORY / "docs/examples/matching"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OURS = ["Sony Turntable PS-LX350H", "Bose Acoustimass 5", "Canon CB-2LV charger"]
THEIRS = ["CB2LV CHARGER (CANON)", "turntable sony pslx350h", "Tea kettle"]


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """The example's documents, and two small catalogues."""
    shutil.copytree(EXAMPLE, tmp_path / "include")
    made = Workspace(
        Settings(tmp_path / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path / "spool")
    )
    for dataset, names in (("products", OURS), ("supplier", THEIRS)):
        numbers = [f"{dataset[0]}{n}" for n in range(len(names))]
        made.lake.records(dataset).append(
            pl.DataFrame(
                {"id": numbers, "name": names, "description": [None] * 3},
                schema_overrides={"description": pl.String},
            )
        )
    return made


def pairs(made: Workspace) -> pl.DataFrame:
    return made.lake.matches("catalogues").scan().collect()


@pytest.mark.skipif(not FOLDER.exists(), reason=f"{FOLDER} is not there: say with PERENNIAL_ABT_BUY where")
def test_abt_and_buy_find_each_other(tmp_path):
    made = Workspace(Settings(EXAMPLE, str(tmp_path / "lake"), str(tmp_path), tmp_path / "spool"))
    for dataset, file in (("products", "abt.csv"), ("supplier", "buy.csv")):
        made.lake.records(dataset).append(pl.read_csv(FOLDER / file, separator="|", infer_schema=False))
    counts = run_match(made, "catalogues", NOW)
    truth = pl.read_csv(FOLDER / "matches.csv", separator="|", infer_schema=False)
    found = pairs(made).filter(outcome="matched")
    right = found.join(truth, left_on=["left_id", "right_id"], right_on=["D1", "D2"], how="semi").height
    precision, recall = right / found.height, right / truth.height
    assert counts["matched"] == found.height
    assert 2 * precision * recall / (precision + recall) >= 0.95, "the aim is 0.60"
    assert not found["left_id"].is_duplicated().any()
    assert not found["right_id"].is_duplicated().any()


def test_pairs_are_a_table_that_queries_can_join(made):
    counts = run_match(made, "catalogues", NOW)
    assert counts == {"left_rows": 3, "right_rows": 3, "matched": 2, "unsure": 0}
    assert pairs(made).select("left_id", "right_id", "outcome").sort("left_id").rows() == [
        ("p0", "s1", "matched"),
        ("p2", "s0", "matched"),
    ]
    engine = LakeEngine(LakeTables(made.settings.lake), None, SHOWN)
    sql = """SELECT p.name, m.right_name FROM records.products p JOIN matches.catalogues m ON m.left_id = p.id
             WHERE m.outcome = 'matched' ORDER BY p.id"""
    _, frames = engine.run(sql, {})
    rows = pl.concat(frames).rows()
    assert rows == [(OURS[0], THEIRS[1]), (OURS[2], THEIRS[0])]


def test_a_run_again_does_nothing_without_cause(made):
    run_match(made, "catalogues", NOW)
    before = made.lake.matches("catalogues").version()
    assert run_match(made, "catalogues", NOW) == {"unchanged": True, "matched": 2, "unsure": 0}
    assert made.lake.matches("catalogues").version() == before
    assert "unchanged" not in run_match(made, "catalogues", NOW, force=True)
    made.lake.records("supplier").append(
        pl.DataFrame(
            {"id": ["s9"], "name": ["Acoustimass 5, Bose"], "description": pl.Series([None], dtype=pl.String)}
        )
    )
    assert run_match(made, "catalogues", NOW + timedelta(days=1))["matched"] == 3
    assert last_runs(made)["catalogues"]["right_rows"] == 4


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        (
            "dataset: supplier",
            "table: queries/list",
            r"catalogues: right, queries/list, is not in the lake yet",
        ),
        ("[name, description]", "[name, words]", r"left, products, has no column words; it has id, name"),
        ("products, key: id", "products, key: description", "matched"),
    ],
)
def test_what_the_tables_do_not_have_is_said(made, was, becomes, said):
    document = made.settings.include / "matches" / "catalogues.yaml"
    assert was in document.read_text()
    document.write_text(document.read_text().replace(was, becomes))
    if said == "matched":
        # Nothing has a description: no row has a key, and none is left to match.
        assert run_match(made, "catalogues", NOW) == {
            "left_rows": 0,
            "right_rows": 3,
            "matched": 0,
            "unsure": 0,
        }
        return
    with pytest.raises(MatchRefused, match=said):
        run_match(made, "catalogues", NOW)


def test_a_key_that_is_there_twice_is_refused(made):
    made.lake.records("supplier").append(
        pl.DataFrame({"id": ["s0"], "name": ["again"], "description": ["x"]})
    )
    with pytest.raises(MatchRefused, match="several rows have the same"):
        run_match(made, "catalogues", NOW)


def test_whoever_is_erased_is_found_in_pairs(made):
    from perennial.signals.erased import fingerprint

    dataset = made.settings.include / "datasets" / "products.yaml"
    dataset.write_text(
        dataset.read_text() + "  owner: {type: string}\nidentities:\n  - {column: owner, namespace: email}\n"
    )
    namespaces = made.settings.include / "namespaces"
    namespaces.mkdir()
    shutil.copy(REPOSITORY / "include/namespaces/email.yaml", namespaces)
    owners = ["ann@example.com", "bob@example.com", "cat@example.com"]
    table = made.lake.records("products")
    owned = table.scan().collect().with_columns(owner=pl.Series(owners))
    write(made.settings.lake, table.name, owned, "overwrite", (), "")
    again = Workspace(made.settings)
    run_match(again, "catalogues", NOW)
    wanted = {"email": frozenset({fingerprint("cat@example.com", "email")})}
    (place,) = [each for each in places(again, wanted) if each.table.name == "matches/catalogues"]
    theirs = pairs(again).filter(place.doomed)
    assert theirs["left_owner"].to_list() == ["cat@example.com"]
