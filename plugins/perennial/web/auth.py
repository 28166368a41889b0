"""Who may see what: the one module that imports Airflow's API internals, which are no public interface.

Airflow does not guard the apps that plugins mount. `READER` on the whole app does.
"""

from collections.abc import Callable
from typing import Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag, requires_access_view
from fastapi import Depends, HTTPException, Request

__all__ = [
    "ALERTS_EDITOR",
    "AUDIENCES",
    "AUDIENCE_EDITOR",
    "DASHBOARDS",
    "DASHBOARD_EDITOR",
    "EDITOR",
    "EXPORTER",
    "PRIVACY",
    "PRIVACY_OFFICER",
    "READER",
    "REPLAY",
    "GetUserDep",
    "login_url",
    "may_edit",
    "may_edit_audiences",
    "may_edit_dashboards",
    "may_export",
    "may_see_alerts",
    "may_trigger",
    "readable_dags",
]

READER = Depends(requires_access_view(AccessView.WEBSITE))
"""Whoever may open Airflow's UI may read the dashboards."""
REPLAY = "signals_replay"
"""The Dag that takes quarantined rows in again."""
_may_replay = requires_access_dag("POST", DagAccessEntity.RUN, REPLAY)
EDITOR = Depends(_may_replay)
"""Whoever may replay quarantined rows may see, correct and discard them: nobody else sees what came in."""


AUDIENCES = "audiences"
"""The Dag that evaluates audiences."""
_may_evaluate = requires_access_dag("POST", DagAccessEntity.RUN, AUDIENCES)
AUDIENCE_EDITOR = Depends(_may_evaluate)
"""Whoever may evaluate audiences may define them."""


DASHBOARDS = "insights"
"""The Dag that refreshes what dashboards read."""
_may_refresh = requires_access_dag("POST", DagAccessEntity.RUN, DASHBOARDS)
DASHBOARD_EDITOR = Depends(_may_refresh)
"""Whoever may refresh the insights may make dashboards of them."""
_may_take = requires_access_dag("GET", DagAccessEntity.XCOM, DASHBOARDS)
EXPORTER = Depends(_may_take)
"""Whoever may read what the refresh hands over (its XComs) may take data away as files."""


PRIVACY = "access_request"
"""The Dag that hands over all that is kept of a person."""
PRIVACY_OFFICER = Depends(requires_access_dag("POST", DagAccessEntity.RUN, PRIVACY))
"""Whoever may ask for all that is kept of a person may see what was asked for, and fetch it."""


_may_see = requires_access_dag("POST", DagAccessEntity.RUN, "alerts")
ALERTS_EDITOR = Depends(_may_see)
"""Whoever may have alerts sent again may say that they are seen."""


def may_see_alerts(request: Request, user: GetUserDep) -> bool:
    """Whether the caller passes `ALERTS_EDITOR`."""
    return _passes(_may_see, request, user)


def readable_dags(user: Any) -> set[str]:
    """The Dags that somebody may see."""
    found: set[str] = get_auth_manager().get_authorized_dag_ids(user=user)
    return found


def may_edit_dashboards(request: Request, user: GetUserDep) -> bool:
    """Whether the caller passes `DASHBOARD_EDITOR`."""
    return _passes(_may_refresh, request, user)


def may_export(request: Request, user: GetUserDep) -> bool:
    """Whether the caller passes `EXPORTER`."""
    return _passes(_may_take, request, user)


def may_edit_audiences(request: Request, user: GetUserDep) -> bool:
    """Whether the caller passes `AUDIENCE_EDITOR`."""
    return _passes(_may_evaluate, request, user)


def may_edit(request: Request, user: GetUserDep) -> bool:
    """Whether the caller passes `EDITOR`: a page shows what can be done, and nothing else."""
    return _passes(_may_replay, request, user)


def may_trigger(request: Request, user: GetUserDep, dag: str) -> bool:
    """Whether the caller may start a run of this Dag."""
    return _passes(requires_access_dag("POST", DagAccessEntity.RUN, dag), request, user)


def _passes(guard: Callable[..., Any], request: Request, user: Any) -> bool:
    try:
        guard(request, user)
    except HTTPException:
        return False
    return True


def login_url(next_path: str) -> str:
    """Where a browser signs in, and comes back from to `next_path`."""
    return str(get_auth_manager().get_url_login(next_url=next_path))
