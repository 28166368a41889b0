"""The tutorials' shell blocks run as they stand there; what Airflow is asked for is done by the stages.

All three are one story, told in one folder.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from esp_process import Esp
from provider_round import delivered

from perennial.activation import ledger
from perennial.activation.definition import Activation
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.registry import connector
from perennial.activation.run import Report, run
from perennial.activation.send import Sender
from perennial.documents import load
from perennial.sandbox.marketer import Calendar, Marketer
from perennial.settings import REPOSITORY, Settings
from perennial.stages.activation import wanted
from perennial.stages.insights import refresh_days, refresh_insights
from perennial.stages.recompute import plan, recompute
from perennial.stages.responses import land_posts
from perennial.stages.signals import ingest_batch
from perennial.stages.steps import STORED
from perennial.stages.workspace import Workspace

NOW = datetime(2026, 7, 2, tzinfo=UTC)
SHELL = f"""
set -euo pipefail
export PERENNIAL_INCLUDE="$PWD/shop" PERENNIAL_STATE="$PWD/.shop"
make() {{
  case "$1" in
    dataset) PYTHONPATH="{REPOSITORY}/plugins" "{sys.executable}" -m perennial.propose \\
      "${{2#FILE=}}" "${{3#NAME=}}" ;;
    up) mkdir -p "$PERENNIAL_STATE" ;;
    -s) true ;;
    *) echo "make $*: not of the tutorial" >&2; return 1 ;;
  esac
}}
"""
RECORDER = """#!/bin/sh
printf '%s\\n' "$(printf '%s\\037' "$@" | tr '\\n' ' ')" >> asked
"""


@dataclass
class Shop:
    """A checkout in which tutorials are followed, with the store that its stack would have."""

    folder: Path
    store: str
    esp: Esp | None = None
    report: Report | None = None
    asked: list[list[str]] = field(default_factory=list)
    """What Airflow was asked for by the last page."""
    numbers: Iterator[int] = field(default_factory=count)

    @classmethod
    def open(cls, folder: Path, store: str) -> "Shop":
        """A folder with what the commands need of a checkout."""
        for name in ("docs", "include"):
            (folder / name).symlink_to(REPOSITORY / name)
        (folder / ".venv/bin").mkdir(parents=True)
        airflow = folder / ".venv/bin/airflow"
        airflow.write_text(RECORDER)
        airflow.chmod(0o755)
        return cls(folder, store)

    def follow(self, page: str) -> None:
        """Run all shell blocks of a page, in their order, and note what Airflow is asked for."""
        text = (REPOSITORY / f"docs/tutorials/{page}.md").read_text()
        blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        (self.folder / "asked").unlink(missing_ok=True)
        subprocess.run(["bash", "-c", SHELL + "\n".join(blocks)], cwd=self.folder, check=True)
        lines = (self.folder / "asked").read_text().splitlines()
        self.asked = [line.rstrip("\x1f").split("\x1f") for line in lines]

    @property
    def workspace(self) -> Workspace:
        """The documents as they are by now, and the lake."""
        state = self.folder / ".shop"
        places = (str(state / "lake"), str(state / "landing"), state / "spool")
        return Workspace(Settings(self.folder / "shop", *places))

    def runs(self) -> list[tuple[str, dict[str, Any]]]:
        """The Dags that were triggered, each with its form."""
        forms = [(call[2], dict(zip(call[3::2], call[4::2], strict=True))) for call in self.asked]
        assert all(call[:2] == ["dags", "trigger"] for call in self.asked)
        return [(dag, json.loads(said.get("--conf", "{}"))) for dag, said in forms]

    def answer(self) -> None:
        """Do what Airflow was asked for."""
        for dag, form in self.runs():
            match dag:
                case "signals_history":
                    for name in form.get("datasets") or ["orders"]:
                        ingest_batch(self.workspace, name, None, NOW)
                case "recompute_days":
                    self._recompute(days_of(form), form.get("steps") or [*STORED, "insights"])
                case "activation_email":
                    self._activate(date.fromisoformat(form["as_of"]), form.get("dry_run", False))
                case "responses":
                    land_posts(self.workspace, NOW)
                    refresh_insights(self.workspace, self.store, "responses")
                case _:
                    raise AssertionError(f"{dag}: the tutorials do not need it")

    def _recompute(self, days: list[date], steps: list[str]) -> None:
        workspace, named = self.workspace, f"run {next(self.numbers)}"
        stored = [each for each in STORED if each in steps]
        for ranges in plan(workspace, named, days, stored, NOW):
            for step in stored:
                recompute(workspace, named, step, ranges, lambda: NOW)
        if "insights" in steps:
            refresh_days(workspace, self.store, days)

    def _activate(self, day: date, dry_run: bool) -> None:
        """The activation's task, and then the marketer's, as the Dags of the same names do them."""
        assert self.esp is not None
        workspace, as_of = self.workspace, datetime(day.year, day.month, day.day, tzinfo=UTC)
        document = load(workspace.settings.include / "activations/email.yaml", Activation)
        titles = {name: audience.title for name, audience in workspace.audiences.items()}
        members, profiles, kept = wanted(workspace, document, day)
        there = connector("sendgrid").connect(Account(self.esp.url, password=self.esp.api_key))
        ledger.migrate(self.store)
        with ledger.open_ledger(self.store, document.destination.connection, document.name) as opened:
            self.report = run(
                document, as_of, members, profiles, titles, Sender(opened, there), dry_run, kept
            )
        if not dry_run:
            calendar = load(workspace.settings.include / "sandbox/campaigns.yaml", Calendar)
            Marketer(self.esp.url, self.esp.api_key).send(calendar, as_of, document, titles)
            delivered(self.esp)


def days_of(form: dict[str, Any]) -> list[date]:
    """The days of the form of `recompute_days`."""
    first, last = (date.fromisoformat(form[key]) for key in ("from_day", "to_day"))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
