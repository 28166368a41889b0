"""Perennial's app in the UI, behind its login. Every component reads it; it stays light."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

ROOT = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
"""Where Airflow's UI lies on its host: empty, or the path that a proxy puts it under."""


class LazyApp:
    """An ASGI app that is imported and built at the first request: only the api-server pays for it."""

    def __init__(self, module: str, factory: str) -> None:
        self._module, self._factory = module, factory
        self._app: Callable[..., Awaitable[None]] | None = None
        self._building = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the call on."""
        async with self._building:
            if self._app is None:
                # In a thread: Airflow's other requests go on meanwhile.
                self._app = await asyncio.to_thread(self._build)
        await self._app(scope, receive, send)

    def _build(self) -> Callable[..., Awaitable[None]]:
        app: Callable[..., Awaitable[None]] = getattr(importlib.import_module(self._module), self._factory)()
        return app


class PerennialPlugin(AirflowPlugin):
    """The dashboards in the navigation, and the results of a run on the run's page."""

    name = "perennial"
    fastapi_apps = [
        {
            "app": LazyApp("perennial.web.app", "create_app"),
            "url_prefix": "/perennial",
            "name": "Perennial",
        }
    ]
    external_views = [
        {
            "name": "Perennial",
            "href": f"{ROOT}/perennial/",
            "destination": "nav",
            "url_route": "perennial",
            "nav_top_level": True,
            "icon": f"{ROOT}/perennial/icon.svg",
        },
        {
            "name": "Results",
            "href": ROOT + "/perennial/runs?dag={DAG_ID}&run={RUN_ID}",
            "destination": "dag_run",
            "url_route": "perennial_results",
            "icon": f"{ROOT}/perennial/icon.svg",
        },
    ]
