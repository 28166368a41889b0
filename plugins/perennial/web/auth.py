"""Who may see what: the one module that imports Airflow's API internals, which are no public interface.

Airflow does not guard the apps that plugins mount. `READER` on the whole app does.
"""

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_view
from fastapi import Depends

__all__ = ["READER", "GetUserDep", "login_url"]

READER = Depends(requires_access_view(AccessView.WEBSITE))
"""Whoever may open Airflow's UI may read the dashboards."""


def login_url(next_path: str) -> str:
    """Where a browser signs in, and comes back from to `next_path`."""
    return str(get_auth_manager().get_url_login(next_url=next_path))
