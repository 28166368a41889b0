"""The folders of destinations in; the connectors that there are, by kind, out."""

import pkgutil
from functools import cache

from perennial.activation import destinations
from perennial.activation.destinations.connector import Connector
from perennial.errors import TerminalError

FILES = "files"
"""The kind that is no provider: its flow is its own, and it has no connector."""


class UnknownKindError(TerminalError):
    """No connector of this kind."""


@cache
def kinds() -> list[str]:
    """The names of all connectors, sorted."""
    folders = (each.name for each in pkgutil.iter_modules(destinations.__path__) if each.ispkg)
    return sorted(name for name in folders if name != FILES)


@cache
def connector(kind: str) -> Connector:
    """One connector; `UnknownKindError` lists those that there are."""
    if kind not in kinds():
        raise UnknownKindError(f"no connector of the kind {kind!r}; known: {', '.join(kinds())}")
    return Connector.read(kind)


def known(kind: str) -> str:
    """The same kind, if there is one."""
    if kind not in (there := [*kinds(), FILES]):
        raise UnknownKindError(f"no destination of the kind {kind!r}; known: {', '.join(sorted(there))}")
    return kind


@cache
def platforms() -> dict[str, str]:
    """The title of each kind of destination."""
    return {FILES: "Files", **{kind: connector(kind).declaration.title for kind in kinds()}}
