"""Staged uploads: who writes keeps others from completing, what is given up is gone, and nothing else."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from perennial.errors import TerminalError
from perennial.lake.catalog import Lake
from perennial.signals.batches import Batch, Batches, Status
from perennial.signals.upload_files import NewFile
from perennial.signals.uploads import SOURCE, Sealed, Staging, Upload, UploadBusy, abandon, expire

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=31)


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "staging")


def begin(staging: Staging, name: str = "orders-1") -> str:
    staging.create(Upload(name, "orders", "shop", NOW.isoformat()))
    return name


def test_whose_it_was_is_remembered_when_its_files_are_gone(staging: Staging) -> None:
    batch = begin(staging)
    with staging.writing(batch) as folder:
        new = NewFile(folder, "a.csv")
        new.file.write(b"x")
        new.keep(None)
        new.discard()
    assert len(staging.files_of(batch)) == 1
    staging.forget(batch)
    assert staging.files_of(batch) == []
    assert staging.find(batch, "shop") == Upload(batch, "orders", "shop", NOW.isoformat())
    assert staging.find(batch, "depot") is None
    assert staging.find("../shop/orders-1") is None
    with pytest.raises(TerminalError, match="no upload other"):
        staging.files_of("other")


def test_nobody_completes_while_somebody_writes(staging: Staging) -> None:
    batch = begin(staging)
    with (
        staging.writing(batch),
        staging.writing(batch),
        pytest.raises(UploadBusy, match="is being uploaded"),
        staging.quiet(batch),
    ):
        pass
    with staging.quiet(batch):
        with pytest.raises(UploadBusy, match="is being completed"), staging.writing(batch):
            pass
        staging.seal(batch)
    with pytest.raises(Sealed), staging.writing(batch):
        pass


def test_a_file_that_was_not_finished_leaves_nothing(staging: Staging) -> None:
    batch = begin(staging)
    with staging.writing(batch) as folder:
        new = NewFile(folder, "a.csv")
        new.file.write(b"half")
        new.discard()
    assert staging.listing(batch) == []
    assert [*staging.folder(batch).glob("parts/*"), *staging.folder(batch).glob("parts/.*")] == []


def test_uploads_that_nobody_goes_on_with_are_given_up(staging: Staging, tmp_path: Path) -> None:
    batches = Batches(Lake(str(tmp_path / "lake")).batches)
    names = [begin(staging, f"orders-{name}") for name in ("old", "new", "loaded", "busy")]
    for name in names:
        batches.create(Batch(name, "orders", SOURCE, None, Status.LOADING, NOW - timedelta(days=3)))
        for path in (staging.folder(name) / "batch.json", staging.folder(name)):
            os.utime(path, times=(NOW.timestamp() - 2 * 86400,) * 2)
    (staging.folder("orders-new") / "parts" / "a.csv").write_bytes(b"x")
    os.utime(staging.folder("orders-new") / "parts" / "a.csv", times=(NOW.timestamp() - 60,) * 2)
    batches.move("orders-loaded", Status.LOADED, NOW)
    with staging.writing("orders-busy"):
        assert abandon(staging, batches, NOW) == ["orders-old"]
    assert [batches.find(name).status for name in names] == [  # type: ignore[union-attr]
        Status.ABANDONED, Status.LOADING, Status.LOADED, Status.LOADING,
    ]  # fmt: skip
    assert abandon(staging, batches, NOW) == ["orders-busy"]


def test_files_of_uploads_that_ended_do_not_stay(staging: Staging, tmp_path: Path) -> None:
    batches = Batches(Lake(str(tmp_path / "lake")).batches)
    ended = {"taken": (Status.SUCCESS, NOW), "fresh": (Status.FAILED, NOW), "old": (Status.FAILED, LONG_AGO)}
    for name, (status, at) in ended.items():
        with staging.writing(begin(staging, name)) as folder:
            new = NewFile(folder, "a.csv")
            new.file.write(b"x")
            new.keep(None)
            new.discard()
        batches.create(Batch(name, "orders", SOURCE, None, status, at))
    assert expire(staging, batches, NOW) == ["old"]
    assert {name: len(staging.files_of(name)) for name in ended} == {"taken": 0, "fresh": 1, "old": 0}
    states = {name: str(found.status) for name in ended if (found := batches.find(name))}
    assert states == {"taken": "success", "fresh": "failed", "old": "deleted"}
    assert expire(staging, batches, NOW) == []
