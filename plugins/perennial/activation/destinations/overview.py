"""`python -m perennial.activation.destinations.overview`: declarations in, the tables of the manual out."""

from collections.abc import Iterable

from perennial.activation.destinations.base import Window
from perennial.activation.destinations.connector import Connector
from perennial.activation.destinations.registry import connector, kinds

CAN = ["kind", "provider", "an audience becomes", "people known by", "new titles", "emptied fields",
       "works in jobs", "named before each send"]  # fmt: skip
MAY = ["kind", "people a request", "removals a request", "calls", "jobs under way"]


def capabilities() -> str:
    """What each connector can, as a table."""
    return _table(CAN, [_can(connector(kind)) for kind in kinds()])


def limits() -> str:
    """How much each provider takes, as a table."""
    return _table(MAY, [_may(connector(kind)) for kind in kinds()])


def _can(each: Connector) -> list[str]:
    can = each.declaration.capabilities
    folder = f"../plugins/perennial/activation/destinations/{each.kind}/README.md"
    return [
        f"`{each.kind}`",
        f"[{each.declaration.title}]({folder})",
        can.audience,
        _listed(can.identity),
        "reach it" if can.renames else "do not",
        _listed(can.clears),
        "yes" if can.jobs else "no",
        _listed(can.suppressions),
    ]


def _may(each: Connector) -> list[str]:
    limits = each.limits
    calls = "; ".join([f"{limits.concurrency} at a time", *map(_window, [*limits.total, *limits.windows])])
    named = [f"`{name}`: {'; '.join(map(_window, windows))}" for name, windows in limits.operations.items()]
    jobs = str(limits.open_jobs or "")
    return [f"`{each.kind}`", f"{limits.rows:,}", f"{limits.removals:,}", "<br>".join([calls, *named]), jobs]


def _window(window: Window) -> str:
    return f"{window.calls:,} in {window.seconds:g} s"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names) or "none"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


if __name__ == "__main__":
    print(capabilities(), limits(), sep="\n\n")
