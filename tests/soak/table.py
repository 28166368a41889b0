"""What a soak has shown, as a table for people."""

from collections import Counter
from collections.abc import Sequence

from .growth import MEBIBYTE, Growth
from .load import Reader, Sender
from .samples import Samples

KINDS = ("memory", "files", "threads", "processes", "connections")


def written(
    found: dict[str, list[Growth]],
    samples: Samples,
    sender: Sender,
    reader: Reader,
    runs: Counter[tuple[str, str]],
    trouble: Sequence[str],
) -> str:
    """Markdown; slopes are those of the second half of the time, an hour each."""
    minutes = max(sample.second for sample in samples.taken) / 60
    lines = [
        f"{minutes:.0f} minutes; {sender.acknowledged:,} messages acknowledged, {sender.refused} requests "
        f"refused; pages: {dict(sorted(reader.answers.items()))}",
        "Runs: " + ", ".join(f"{dag} {state} {count}" for (dag, state), count in sorted(runs.items())),
        "",
        "| Process | What | Median | Most | An hour more | Interval | Allowed | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, growths in sorted(found.items()):
        lines += [_line(name, each) for each in sorted(growths, key=lambda one: KINDS.index(one.kind))]
    return "\n".join([*lines, "", *(trouble or ["Nothing grew without bound."])]) + "\n"


def _line(name: str, each: Growth) -> str:
    unit, what = (MEBIBYTE, "memory, MB") if each.kind == "memory" else (1, each.kind)
    typical, greatest, more, low, high, allowed = (
        f"{value / unit:.1f}"
        for value in (each.typical, each.greatest, each.per_hour, each.low, each.high, each.allowed)
    )
    verdict = "**grows**" if each.unbounded else ""
    return f"| {name} | {what} | {typical} | {greatest} | {more} | {low} to {high} | {allowed} | {verdict} |"
