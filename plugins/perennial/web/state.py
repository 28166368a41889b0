"""What the routes share: the documents, read again when a file changes, and the store."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from pydantic import ValidationError

from perennial.documents import DocumentError
from perennial.web.dashboards import Dashboard, load_dashboards
from perennial.web.dashboards_kept import Shelf, Version
from perennial.web.store import Store, StoreError
from perennial.web.watched import Watched
from perennial.web.widgets import Widget

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
"""What a dashboard can be called."""


@dataclass(frozen=True)
class Kept:
    """A dashboard that was made in the UI; without one, its document is not understood any more."""

    version: Version
    dashboard: Dashboard | None
    problem: str = ""


class Library:
    """The dashboards of a deployment: those of `include/`, and those that people have made.

    :param shelf: where the latter are kept; where both have one of a name, that of `include/` is shown
    """

    def __init__(self, include: Path, shelf: Shelf | None = None) -> None:
        taken = ("dashboards/*.yaml", "sql/kpi/*", "sql/insights/*.sql")
        self.dashboards = Watched(include, lambda: load_dashboards(include), *taken)
        """Those of `include/` by name, in the order in which they are offered."""
        self.shelf = shelf

    def find(self, name: str) -> Dashboard | None:
        """The dashboard of a name, wherever it is from.

        :raises StoreError: it is not in `include/`, and the store did not answer.
        """
        if name in self.dashboards() or self.shelf is None or not NAME.fullmatch(name):
            return self.dashboards().get(name)
        newest = self.shelf.newest(name)
        if newest is None or newest.document is None:
            return None
        kept = _read(newest)
        if kept.dashboard is None:
            raise DocumentError(f"The dashboard {name} cannot be read any more: {kept.problem}")
        return kept.dashboard

    def kept(self) -> list[Kept]:
        """Those that people have made, by title; none while the store does not answer."""
        try:
            found = self.shelf.listed() if self.shelf else []
        except StoreError:
            return []
        kept = [_read(version) for version in found if version.name not in self.dashboards()]
        return sorted(
            kept, key=lambda one: one.dashboard.title.lower() if one.dashboard else one.version.name
        )


def _read(version: Version) -> Kept:
    try:
        return Kept(version, Dashboard.model_validate({**(version.document or {}), "name": version.name}))
    except ValidationError as error:
        first = error.errors()[0]
        return Kept(version, None, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")


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
    if (found := library.find(name)) is None:
        raise HTTPException(404, "There is no such dashboard.")
    return found


DashboardDep = Annotated[Dashboard, Depends(get_dashboard)]


def get_widget(widget_id: str, dashboard: DashboardDep) -> Widget:
    """The widget that the address names, or 404."""
    if (found := dashboard.widget(widget_id)) is None:
        raise HTTPException(404, "There is no such widget.")
    return found


WidgetDep = Annotated[Widget, Depends(get_widget)]
