"""The folders of destinations in; the connectors that there are, by kind, out."""

import pkgutil
from functools import cache

from perennial.activation import destinations
from perennial.activation.destinations.connector import Connector
from perennial.errors import TerminalError


class UnknownKindError(TerminalError):
    """No connector of this kind."""


@cache
def kinds() -> list[str]:
    """The names of all connectors, sorted."""
    return sorted(each.name for each in pkgutil.iter_modules(destinations.__path__) if each.ispkg)


@cache
def connector(kind: str) -> Connector:
    """One connector; `UnknownKindError` lists those that there are."""
    return Connector.read(known(kind))


def known(kind: str) -> str:
    """The same kind, if there is a connector for it."""
    if kind not in kinds():
        raise UnknownKindError(f"no destination of the kind {kind!r}; known: {', '.join(kinds())}")
    return kind


@cache
def platforms() -> dict[str, str]:
    """The title of each kind of destination."""
    return {kind: connector(kind).declaration.title for kind in kinds()}
