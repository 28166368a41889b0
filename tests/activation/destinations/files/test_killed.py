"""Killed at any moment and run again, the files are the same, and what they told is remembered once."""

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from perennial.activation.destinations.files.ledger import FileLedger
from perennial.activation.destinations.files.places import Folder
from perennial.activation.ledger import Ledger

from .conftest import Exports, People

BEFORE: People = {
    "ann": {"in": ["best"], "decile": 1},
    "bob": {"in": ["best", "lapsing"], "decile": 2},
    "cat": {"in": ["best"]},
}
AFTER: People = {
    "ann": {"in": ["best"], "decile": 3},
    "bob": {"in": ["best"], "decile": 2},
    "dan": {"in": ["lapsing"]},
    "eve": {"in": ["lapsing"]},
}


DOCUMENT: dict[str, Any] = {"audiences": ["best", "lapsing"], "files": {"rows": 2, "changes": True}}


class Killed(BaseException):
    """The end of a process."""


class Steps:
    """Counts steps, and ends the run after the last of them; without one it goes on."""

    def __init__(self, last: int) -> None:
        self.done, self.last = 0, last

    def after(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            self.step()
            return result

        return counted

    def step(self) -> None:
        self.done += 1
        if self.done == self.last:
            raise Killed


def _left(exports: Exports) -> tuple[dict[str, bytes], list[Any], list[Any]]:
    """All files, and what is remembered of people and of files."""
    files = {
        path.name: path.read_bytes() for path in exports.folder.iterdir() if not path.name.startswith(".")
    }
    with psycopg.connect(exports.url) as connection:
        people = connection.execute(
            "SELECT audience, key, payload_hash, entered, exited FROM activation.exported ORDER BY 1, 2, 4"
        ).fetchall()
        known = connection.execute(
            "SELECT name, part, rows, bytes FROM activation.file ORDER BY 1"
        ).fetchall()
    return files, people, known


def _attempt(exports: Exports, monkeypatch: pytest.MonkeyPatch, last: int) -> tuple[int, Any]:
    """From the same start: a run that is ended after some steps (0: not), a rerun, and all that is left."""
    with psycopg.connect(exports.url) as connection:
        connection.execute("TRUNCATE activation.run, activation.file, activation.exported CASCADE")
        for table in ("run", "exported", "file"):
            connection.execute(f"INSERT INTO activation.{table} OVERRIDING SYSTEM VALUE TABLE saved.{table}")
    for path in exports.folder.glob("*21*"):
        path.unlink()
    document = exports.document(**DOCUMENT)
    steps = Steps(last)
    with monkeypatch.context() as changed:
        for owner, name in (
            (Ledger, "begin"), (Ledger, "finish"), (FileLedger, "expect"), (FileLedger, "finish"),
            (Folder, "put"),
        ):  # fmt: skip
            changed.setattr(owner, name, steps.after(getattr(owner, name)))
        replace = Path.replace

        def half(self: Path, target: Path) -> Path:
            steps.step()
            return replace(self, target)

        changed.setattr(Path, "replace", half)
        with suppress(Killed):
            exports.write(AFTER, 21, document)
    # A file is whole, or is not there.
    for path in exports.folder.glob("mail_*"):
        assert path.read_text().startswith("email,spend_decile,status\n")
        assert path.read_text().endswith("\n")
    exports.write(AFTER, 21, document)
    return steps.done, _left(exports)


def test_killed_after_every_step(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    exports.write(BEFORE, 20, exports.document(**DOCUMENT))
    with psycopg.connect(exports.url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS saved CASCADE; CREATE SCHEMA saved")
        for table in ("run", "exported", "file"):
            connection.execute(f"CREATE TABLE saved.{table} AS TABLE activation.{table}")
    steps, expected = _attempt(exports, monkeypatch, 0)
    assert steps > 8
    told = b"".join(content for name, content in sorted(expected[0].items()) if "20171221" in name)
    assert told.count(b",active") == 3, "changed: ann; new: dan and eve"
    assert told.count(b",exited") == 2, "gone: bob from one audience, and cat"
    for last in count(1):
        done, found = _attempt(exports, monkeypatch, last)
        assert found == expected, f"ended after step {last} of {steps}"
        if done < last:
            break
