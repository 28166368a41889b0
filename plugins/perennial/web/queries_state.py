"""What the Queries routes share: the desk where queries are handed in, templates, what there is to query."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request

from perennial.queries.catalog import LakeTables
from perennial.queries.executions import Executions
from perennial.queries.jobs import Dialect
from perennial.queries.scheduled import ScheduledQuery, load_scheduled
from perennial.queries.service import Queries
from perennial.queries.templates import Template
from perennial.settings import Settings
from perennial.sql_files import load_all_sql
from perennial.web.signals_state import lake_errors
from perennial.web.store import Store
from perennial.web.watched import Watched

FRESH_S = 30
"""How long the list of tables is taken to be as it was."""
_STORE = """
SELECT c.table_name, c.column_name, c.data_type,
    coalesce(col_description(format('%I.%I', c.table_schema, c.table_name)::regclass, c.ordinal_position), '')
FROM information_schema.columns c
WHERE c.table_schema = 'insights'
ORDER BY c.table_name, c.ordinal_position
"""
_TITLES = """
SELECT relname::text, obj_description(oid, 'pg_class') FROM pg_class
WHERE relnamespace = to_regnamespace('insights') AND relkind IN ('r', 'p', 'v', 'm')
"""
_MACRO = re.compile(r"((?:^--[^\n]*\n)+)CREATE MACRO (\w+)\(([^)]*)\)( AS TABLE)?", re.MULTILINE)


class Desk:
    """Queries of one deployment."""

    def __init__(
        self, settings: Settings, store: Store, reader: Callable[[], str], owner: Callable[[], str]
    ) -> None:
        self._settings, self._store = settings, store
        self.queries = Queries(settings.lake, settings.include, reader, Executions(owner))
        folder = settings.include / "sql" / "templates"
        self.templates = Watched(folder, lambda: load_all_sql(folder, Template), "*.sql")
        """By name."""
        self._known: dict[Dialect, tuple[float, list[dict[str, Any]]]] = {}
        self._lock = threading.Lock()

    def tables(self, dialect: Dialect) -> list[dict[str, Any]]:
        """The tables of a dialect, with their columns, as they were a moment ago."""
        with self._lock:
            at, found = self._known.get(dialect, (0.0, []))
            if not found or time.monotonic() - at > FRESH_S:
                found = self._of_lake() if dialect == "lake" else self._of_store()
                self._known[dialect] = (time.monotonic(), found)
            return found

    def functions(self) -> list[dict[str, str]]:
        """Our own SQL functions: name, arguments, and what they say of themselves."""
        folder: Path = self._settings.include / "sql" / "macros"
        return [
            {
                "name": name,
                "arguments": " ".join(arguments.split()),
                "about": " ".join(line.removeprefix("--").strip() for line in about.strip().splitlines()),
                "group": file.stem,
                "kind": "table" if table else "value",
            }
            for file in sorted(folder.glob("*.sql"))
            for about, name, arguments, table in _MACRO.findall(file.read_text(encoding="utf-8"))
            if not name.startswith("__")
        ]

    def scheduled(self) -> list[dict[str, Any]]:
        """The queries that run by themselves."""
        found = load_scheduled(self._settings.include)
        return [
            each.as_dict() if isinstance(each, ScheduledQuery) else {"name": name, "problem": str(each)}
            for name, each in found.items()
        ]

    def _of_lake(self) -> list[dict[str, Any]]:
        with lake_errors():
            described = LakeTables(self._settings.lake).describe()
        return [
            {**asdict(each), "columns": [{"name": n, "type": t, "comment": ""} for n, t in each.columns]}
            for each in described
        ]

    def _of_store(self) -> list[dict[str, Any]]:
        titles = dict(self._store.query(_TITLES).rows)
        found: dict[str, dict[str, Any]] = {}
        for table, column, type_, comment in self._store.query(_STORE, limit=20_000).rows:
            about = {"schema": "insights", "name": table, "comment": titles.get(table) or "", "columns": []}
            columns = found.setdefault(table, about)["columns"]
            columns.append({"name": column, "type": type_, "comment": comment})
        return list(found.values())


def get_desk(request: Request) -> Desk:
    """The app's desk."""
    desk: Desk = request.app.state.desk
    return desk


DeskDep = Annotated[Desk, Depends(get_desk)]
