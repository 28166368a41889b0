"""The folders of destinations in; what there is to connect to, and what it is called, out."""

import pkgutil
from functools import cache
from importlib import import_module

from perennial.activation import destinations


@cache
def platforms() -> dict[str, str]:
    """The title of each kind of destination, by the name of its folder."""
    names = sorted(each.name for each in pkgutil.iter_modules(destinations.__path__) if each.ispkg)
    return {name: str(import_module(f"{destinations.__name__}.{name}").TITLE) for name in names}
