"""How far the days have come: in a terminal a table that redraws itself, elsewhere a line for each run."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from perennial.local.airflow_api import Run

Cells = Mapping[tuple[str, str], Run]
"""The newest run by partition key and Dag id."""
WAITING = "·"


@dataclass
class ProgressTable:
    """Days down, stages across."""

    keys: Sequence[str]
    stages: Sequence[str]
    out: TextIO = sys.stdout
    _drawn: int = 0
    _told: set[tuple[str, str]] = field(default_factory=set)

    def show(self, cells: Cells) -> None:
        """Bring what the person sees up to date."""
        lines = self._lines(cells)
        # A line that wraps would throw the redrawing out of step.
        if self.out.isatty() and max(map(len, lines)) < shutil.get_terminal_size().columns:
            self._redraw(lines)
        else:
            self._tell(cells)
        self.out.flush()

    def _redraw(self, lines: Sequence[str]) -> None:
        if self._drawn:
            self.out.write(f"\x1b[{self._drawn}A")
        self.out.writelines(f"\x1b[2K{line}\n" for line in lines)
        self._drawn = len(lines)

    def _lines(self, cells: Cells) -> list[str]:
        widths = [max(len(stage), 8) for stage in self.stages]
        header = [stage.ljust(width) for stage, width in zip(self.stages, widths, strict=True)]
        rows = [
            "  ".join(
                [key]
                + [
                    _cell(cells.get((key, stage))).ljust(w)
                    for stage, w in zip(self.stages, widths, strict=True)
                ]
            )
            for key in self.keys
        ]
        return ["  ".join(["day".ljust(len(self.keys[0])), *header]), *rows]

    def _tell(self, cells: Cells) -> None:
        for place, run in sorted(cells.items(), key=lambda item: str(item[1].ended)):
            if run.state == "success" and place not in self._told:
                self._told.add(place)
                total = len(self.keys) * len(self.stages)
                self.out.write(
                    f"  {place[0]}  {place[1]:18} {_cell(run):>7}   {len(self._told)} of {total}\n"
                )


def _cell(run: Run | None) -> str:
    if run is None:
        return WAITING
    if run.state == "success" and run.seconds is not None:
        return f"{run.seconds:.1f} s"
    return run.state.upper() if run.state == "failed" else run.state
