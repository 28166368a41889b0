"""What is said of scheduled queries, and to whom: to a webhook, by e-mail, through Airflow's connections.

The outcomes of runs are counted on the query's asset, where Airflow's UI shows them, too: ten failures in a
row are a quarantine, and Airflow pauses the Dag.
"""

import html
from collections.abc import Sequence
from typing import Any

from airflow.sdk import Asset, BaseHook, Context
from airflow.sdk.bases.notifier import BaseNotifier
from asgiref.sync import sync_to_async

from perennial.errors import PerennialError
from perennial.queries.scheduled import QUARANTINED_AFTER, Event, ScheduledQuery

FAILURES = "failures_in_a_row"
TIMEOUT_S = 10
_SAID: dict[Event, str] = {
    "start": "started",
    "success": "succeeded",
    "failure": "failed",
    "quarantine": f"failed {QUARANTINED_AFTER} times in a row and is quarantined",
    "delay": "is late",
}


class AlertNotSent(PerennialError):
    """A webhook or a mail server did not take an alert."""


class QueryAlert(BaseNotifier):
    """Say what happened to a run.

    :param event: what happened
    :param query: the query's name
    :param title: what people call it
    :param webhook: a connection of type http, whose host is posted to
    :param email: addresses
    :param smtp: the connection that e-mails are sent with
    """

    def __init__(
        self,
        event: Event,
        query: str,
        title: str,
        webhook: str | None = None,
        email: Sequence[str] = (),
        smtp: str = "smtp_default",
        context: Context | None = None,
    ) -> None:
        super().__init__(context=context)
        self.event, self.query, self.title = event, query, title
        self.webhook, self.email, self.smtp = webhook, list(email), smtp

    @property
    def arguments(self) -> dict[str, Any]:
        """With which the same alert is made elsewhere."""
        names = ("event", "query", "title", "webhook", "email", "smtp")
        return {name: getattr(self, name) for name in names}

    def notify(self, context: Context) -> None:
        """Send it, to whoever is to hear of it; a webhook that is down does not keep an e-mail from going."""
        message = self._message(context)
        problems = []
        for send in (self._post, self._mail):
            try:
                send(message)
            except Exception as error:
                problems.append(f"{send.__name__.strip('_')}: {type(error).__name__}: {error}")
        if problems:
            raise AlertNotSent(f"an alert about query {self.query} was not sent: {'; '.join(problems)}")

    async def async_notify(self, context: Context) -> None:
        """The same, in the triggerer: which may read connections, unlike a callback that an executor runs."""
        await sync_to_async(self.notify, thread_sensitive=False)(context)

    def _message(self, context: Context) -> dict[str, Any]:
        # A run that is late comes as plain values.
        run: Any = context.get("dag_run")
        identifier = run.get("run_id", run.get("dag_run_id")) if isinstance(run, dict) else None
        error = context.get("exception")
        return {
            "event": self.event,
            "query": self.query,
            "text": f"{self.title} {_SAID[self.event]}.",
            "dag_id": f"query_{self.query}",
            "run_id": identifier or getattr(run, "run_id", None),
            "error": f"{error}"[:2_000] if error else None,
        }

    def _post(self, message: dict[str, Any]) -> None:
        if self.webhook is None:
            return
        import requests

        connection = BaseHook.get_connection(self.webhook)
        host = connection.host or ""
        address = host if "://" in host else f"{connection.schema or 'https'}://{host}"
        if connection.port and not address.rpartition(":")[2].isdigit():
            address = f"{address}:{connection.port}"
        headers = {"authorization": f"Bearer {connection.password}"} if connection.password else {}
        # Without the address in what is said of it: those of chats are secrets themselves.
        try:
            answer = requests.post(
                address, json=message, headers=headers, timeout=TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException as error:
            raise AlertNotSent(f"connection {self.webhook}: {type(error).__name__}") from None
        if answer.status_code >= 300:
            raise AlertNotSent(f"connection {self.webhook}: status {answer.status_code}")

    def _mail(self, message: dict[str, Any]) -> None:
        if not self.email:
            return
        from airflow.providers.smtp.hooks.smtp import SmtpHook

        lines = [message["text"], f"Dag {message['dag_id']}, run {message['run_id']}", message["error"] or ""]
        content = "<br>".join(html.escape(line) for line in lines if line)
        with SmtpHook(smtp_conn_id=self.smtp) as hook:
            hook.send_email_smtp(to=self.email, subject=message["text"], html_content=content)


def alert(query: ScheduledQuery, event: Event) -> QueryAlert | None:
    """The alert of a query about an event, if somebody wants to hear of it."""
    wanted = query.alerts
    if wanted is None or event not in wanted.events:
        return None
    return QueryAlert(event, query.name, query.title, wanted.webhook, wanted.email, wanted.smtp)


class Outcome:
    """Counts failures in a row on the query's asset, and sends the alerts of an outcome.

    :param succeeded: which outcome it is
    """

    def __init__(self, query: ScheduledQuery, asset: Asset, *, succeeded: bool) -> None:
        self.query, self.asset, self.succeeded = query, asset, succeeded

    def __call__(self, context: Context) -> None:
        store: Any = context["asset_state_store"][self.asset]
        failures = 0 if self.succeeded else int(store.get(FAILURES, default=0)) + 1
        store.set(FAILURES, failures)
        events: list[Event] = ["success" if self.succeeded else "failure"]
        if failures == QUARANTINED_AFTER and self.query.quarantine:
            events.append("quarantine")
        for event in events:
            if (one := alert(self.query, event)) is not None:
                one(context)
