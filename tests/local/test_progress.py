"""The progress table redraws itself in a terminal and tells each finished run once elsewhere."""

import io
import os
from datetime import UTC, datetime, timedelta

import pytest

from perennial.local.airflow_api import Run
from perennial.local.progress import ProgressTable

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEYS = ["2017-12-25", "2017-12-26"]
STAGES = ["signals", "value"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(stage: str, key: str, state: str = "success", seconds: float = 1.5) -> Run:
    ended = NOON + timedelta(seconds=seconds) if state == "success" else None
    return Run(stage, "run", state, key, NOON, ended)


def test_a_file_gets_a_line_for_each_run_that_has_ended() -> None:
    out = io.StringIO()
    table = ProgressTable(KEYS, STAGES, out)
    first = run("signals", "2017-12-25")
    table.show({("2017-12-25", "signals"): first})
    table.show(
        {
            ("2017-12-25", "signals"): first,
            ("2017-12-25", "value"): run("value", "2017-12-25", "running"),
            ("2017-12-26", "signals"): run("signals", "2017-12-26", seconds=61),
        }
    )
    assert [line.split() for line in out.getvalue().splitlines()] == [
        ["2017-12-25", "signals", "1.5", "s", "1", "of", "4"],
        ["2017-12-26", "signals", "61.0", "s", "2", "of", "4"],
    ]


def test_a_terminal_gets_the_table_drawn_over_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda *_, **__: os.terminal_size((120, 40)))
    out = Terminal()
    table = ProgressTable(KEYS, STAGES, out)
    table.show({("2017-12-26", "value"): run("value", "2017-12-26", "failed")})
    drawn = out.getvalue().replace("\x1b[2K", "").splitlines()
    assert [line.split() for line in drawn] == [
        ["day", "signals", "value"],
        ["2017-12-25", "·", "·"],
        ["2017-12-26", "·", "FAILED"],
    ]
    table.show({})
    assert "\x1b[3A" in out.getvalue()


def test_a_narrow_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda *_, **__: os.terminal_size((20, 40)))
    out = Terminal()
    ProgressTable(KEYS, STAGES, out).show({("2017-12-25", "signals"): run("signals", "2017-12-25")})
    assert "\x1b" not in out.getvalue()
