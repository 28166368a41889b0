"""What all benchmarks share: the command line, processes that are measured, and the form of the figures."""

import argparse
import json
import multiprocessing
import queue
import resource
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))

__all__ = ["Benchmark", "Measured", "measured", "median"]

GIBIBYTE = 1024**2
"""In KiB."""


@dataclass(frozen=True)
class Measured:
    """What a function returned in a process of its own, how long it took there, and the process's peak."""

    result: Any
    seconds: float
    peak_gb: float
    cpu_seconds: float
    """Of all its threads: what other work on the machine makes longer by less."""


def measured(function: Callable[..., Any], *arguments: Any) -> Measured:
    """Run a function of a module in a new process; imports and start are not counted in its seconds."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_measure, args=(answers, function, arguments))
    process.start()
    answer: Any = None
    while answer is None:
        with suppress(queue.Empty):
            answer = answers.get(timeout=1)
        if answer is None and process.exitcode not in (None, 0):
            # As where the system has taken its memory back.
            raise RuntimeError(f"{function.__name__} was ended: exit code {process.exitcode}")
    process.join()
    if isinstance(answer, BaseException):
        raise answer
    return Measured(*answer)


def _measure(answers: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        begun, cpu_begun = time.perf_counter(), time.process_time()
        result = function(*arguments)
        seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu_begun
        answers.put((result, seconds, peak() / GIBIBYTE, cpu_seconds))
    except BaseException as error:
        answers.put(error)


def peak() -> int:
    """The most memory that this process had, in KiB."""
    try:
        status = Path("/proc/self/status").read_text()
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # `ru_maxrss` is never below what the parent had when it started this process.
    return int(status.partition("VmHWM:")[2].split()[0])


@dataclass
class Benchmark:
    """One script's run."""

    description: str
    scales: tuple[str, ...] = ("small", "full")
    choices: Mapping[str, str] = field(default_factory=dict)
    """Further options of the command line, with what they are for; `options` has what was given."""
    scale: str = "small"
    options: dict[str, str | None] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    """Keys that could not be filled on this machine, with the reason."""
    _json: bool = False

    def main(self, run: Callable[["Benchmark"], dict[str, Any]]) -> None:
        """Read the command line, run, print the figures: with `--json`, as one object in the last line."""
        parser = argparse.ArgumentParser(
            description=self.description, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("--scale", choices=self.scales, default="small")
        parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
        for name, purpose in self.choices.items():
            parser.add_argument(f"--{name}", help=purpose)
        arguments = parser.parse_args()
        self.scale, self._json = arguments.scale, arguments.json
        self.options = {name: getattr(arguments, name) for name in self.choices}
        figures = {"scale": self.scale, **run(self)}
        figures |= dict.fromkeys(self.skipped) | {"skipped": self.skipped}
        if self._json:
            print(json.dumps(figures, default=str))
            return
        for name, value in figures.items():
            print(f"{name:28} {_text(value)}")

    def skip(self, key: str, reason: str) -> None:
        """Say why a figure is missing."""
        self.skipped[key] = reason

    def say(self, line: str) -> None:
        """Progress, for a person who waits."""
        print(line, file=sys.stderr, flush=True)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "".join("\n    " + ", ".join(f"{k} {_text(v)}" for k, v in row.items()) for row in value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
