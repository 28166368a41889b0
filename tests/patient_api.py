"""Airflow's API as somebody asks it who knows that it may be away for a while."""

import time
from typing import Any

import requests

from perennial.local.airflow_api import AirflowApi
from perennial.local.errors import LocalError

PATIENCE = 240.0
"""Seconds within which the API answers again."""


class PatientApi(AirflowApi):
    """Asks again while the API, or the database behind it, is away."""

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return super()._call(method, path, **arguments)
            except (requests.RequestException, LocalError):
                reads = method == "GET" or path.endswith("/list")
                if not reads or time.monotonic() > deadline:
                    raise
            time.sleep(0.5)
