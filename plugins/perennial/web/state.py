"""What the routes share: the documents, read again when a file changes, and the store."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, HTTPException, Request

from perennial.web.dashboards import Dashboard, Widget, load_dashboards
from perennial.web.store import Store

D = TypeVar("D")


class Watched(Generic[D]):
    """The documents of a folder; a saved edit shows at the next request, without a restart.

    :param read: reads all of them, by name
    :param pattern: what their files are called
    """

    def __init__(self, folder: Path, read: Callable[[], dict[str, D]], pattern: str = "*.yaml") -> None:
        self._folder, self._read, self._pattern = folder, read, pattern
        self._stamp: tuple[tuple[str, int], ...] = ()
        self._documents: dict[str, D] = {}

    def __call__(self) -> dict[str, D]:
        """All documents by name.

        :raises DocumentError: a document cannot be understood; the message says where and why.
        """
        paths = sorted(self._folder.glob(self._pattern))
        stamp = tuple((path.name, path.stat().st_mtime_ns) for path in paths)
        if stamp != self._stamp:
            self._documents, self._stamp = self._read(), stamp
        return self._documents


class Library:
    """The dashboards of a deployment."""

    def __init__(self, include: Path) -> None:
        self.dashboards = Watched(include / "dashboards", lambda: load_dashboards(include))
        """By name, in the order in which they are offered."""


def get_library(request: Request) -> Library:
    """The app's library."""
    library: Library = request.app.state.library
    return library


def get_store(request: Request) -> Store:
    """The app's store."""
    store: Store = request.app.state.store
    return store


LibraryDep = Annotated[Library, Depends(get_library)]
StoreDep = Annotated[Store, Depends(get_store)]


def get_dashboard(name: str, library: LibraryDep) -> Dashboard:
    """The dashboard that the address names, or 404."""
    if (found := library.dashboards().get(name)) is None:
        raise HTTPException(404, "There is no such dashboard.")
    return found


DashboardDep = Annotated[Dashboard, Depends(get_dashboard)]


def get_widget(widget_id: str, dashboard: DashboardDep) -> Widget:
    """The widget that the address names, or 404."""
    if (found := dashboard.widget(widget_id)) is None:
        raise HTTPException(404, "There is no such widget.")
    return found


WidgetDep = Annotated[Widget, Depends(get_widget)]
