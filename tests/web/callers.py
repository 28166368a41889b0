"""Somebody who is signed in to Airflow and calls the app: paths in, answers out."""

from typing import Any

import requests
from web.airflow_server import AirflowServer

ROWS = "/api/signals/quarantine/transactions"
OURS = {"x-perennial": "1"}
CSV = {**OURS, "content-type": "text/csv; charset=utf-8"}


class Caller:
    """One user, or nobody."""

    def __init__(self, airflow: AirflowServer, user: str | None) -> None:
        self._session, self._root = airflow.session(user), f"{airflow.url}/perennial"

    def get(self, path: str, **query: Any) -> requests.Response:
        """What an API answers."""
        return self._session.get(self._root + path, params=query, timeout=30)

    def page(self, path: str, status: int = 200, **query: Any) -> str:
        """The HTML of a page that is there, or that says why it is not."""
        answer = self._session.get(
            self._root + path, params=query, headers={"accept": "text/html"}, timeout=30
        )
        assert answer.status_code == status, answer.text
        return answer.text

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] = OURS
    ) -> requests.Response:
        """What an API answers to a change."""
        return self._session.request(method, self._root + path, json=body, headers=headers, timeout=30)

    def upload(
        self, path: str, content: str | bytes, headers: dict[str, str] = CSV, **query: Any
    ) -> requests.Response:
        """What an API answers to a file."""
        body = content.encode() if isinstance(content, str) else content
        return self._session.post(self._root + path, params=query, data=body, headers=headers, timeout=60)

    def post(self, what: str, body: Any, headers: dict[str, str] = OURS) -> requests.Response:
        """What a change to the quarantine of `transactions` answers."""
        return self._session.post(f"{self._root}{ROWS}/{what}", json=body, headers=headers, timeout=30)
