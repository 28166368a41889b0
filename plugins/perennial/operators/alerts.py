"""Every Dag tells how its runs go, as the documents of `include/alerts` say; the Dags themselves say nothing.

Airflow applies `watch` to each Dag that it reads. A notice is kept in the store and sent at once; the Dag
`alerts` tries again what a channel did not take. Whatever goes wrong here is logged, and no run fails of it.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Context
from airflow.sdk.bases.notifier import BaseNotifier
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from asgiref.sync import sync_to_async

from perennial.alerts.definition import Alerts, channels_of
from perennial.alerts.notice import Channel, Event, Notice
from perennial.documents import DocumentError, load_each
from perennial.documents import load as load_document
from perennial.queries.scheduled import DAG as DAG_OF_QUERY
from perennial.queries.scheduled import find
from perennial.settings import Settings

_log = logging.getLogger(__name__)
_UNTOLD = "ended without an error of its own, as when its process is lost; its log may say more"
_SAID: dict[Event, str] = {
    "start": "{dag} has started.",
    "success": "{dag} succeeded.",
    "failure": "{dag} failed.",
    "delay": "{dag} is late: it has not ended after {amount} min.",
}


def documents(include: Path, dag_id: str = "") -> dict[str, Alerts]:
    """All alerts that can be read; of one that cannot, a line in the log and on the page *Health*.

    Those that a scheduled query asks for in its file are among them for its own Dag.
    """
    found: dict[str, Alerts] = {}
    for name, each in load_each((include / "alerts").glob("*.yaml"), _load).items():
        if isinstance(each, DocumentError):
            _log.error("these alerts are not sent: %s", each)
        else:
            found[name] = each
    if dag_id.startswith(DAG_OF_QUERY):
        # Of a query that cannot be read, its Dag says so.
        with suppress(DocumentError):
            query = find(include, dag_id.removeprefix(DAG_OF_QUERY))
            if query.alerts is not None:
                asked = {**query.alerts.model_dump(), "delay_minutes": query.delay_minutes}
                found[dag_id] = Alerts(name=dag_id, title=query.title, dags=[dag_id], **asked)
    return found


class Announcement(BaseNotifier):
    """Tells of a run.

    :param event: what happened to it
    :param dag_id: whose run it is
    :param minutes: after how many a run is late
    """

    def __init__(
        self, event: Event, dag_id: str, minutes: int | None = None, context: Context | None = None
    ) -> None:
        super().__init__(context=context)
        self.event, self.dag_id, self.minutes = event, dag_id, minutes

    def notify(self, context: Context) -> None:
        """Tell it, if somebody wants to hear of it."""
        if self.event == "delay" and _waits_its_turn(context):
            return
        run = run_of(context)
        about = "/".join((self.dag_id, run["run_id"], run["since"], self.event, str(self.minutes or "")))
        text = _SAID[self.event].format(dag=self.dag_id, amount=self.minutes)
        error = context.get("exception") or context.get("reason") or _UNTOLD
        task = getattr(context.get("task"), "task_id", None) if "exception" in context else None
        detail = f"{f'Task {task}: ' if task else ''}{error}" if self.event == "failure" else ""
        tell(
            Notice(
                about.rstrip("/"), self.event, self.dag_id, run["run_id"], text, detail,
                link_of(self.dag_id, run["run_id"]), self.minutes,
            )
        )  # fmt: skip

    async def async_notify(self, context: Context) -> None:
        """The same, in the triggerer."""
        await sync_to_async(self.notify, thread_sensitive=False)(context)


def watch(dag: DAG, found: Mapping[str, Alerts]) -> None:
    """Have a Dag tell what these documents want to hear of it."""
    about = [each for each in found.values() if each.is_about(dag.dag_id)]
    events = {event for each in about for event in each.events}
    if "start" in events:
        for task in dag.tasks:
            if not task.upstream_task_ids:
                _add(task, "on_execute_callback", Announcement("start", dag.dag_id))
    if "success" in events:
        _add(dag, "on_success_callback", Announcement("success", dag.dag_id))
        dag.has_on_success_callback = True
    if "failure" in events:
        # A task knows the error. Of a run that fails without one, the Dag tells; of both, the first.
        for task in dag.tasks:
            _add(task, "on_failure_callback", Announcement("failure", dag.dag_id))
        _add(dag, "on_failure_callback", Announcement("failure", dag.dag_id))
        dag.has_on_failure_callback = True
    minutes = {each.delay_minutes for each in about if "delay" in each.events}
    dag.deadline = [*(dag.deadline or []), *(_deadline(dag.dag_id, each) for each in sorted(minutes))] or None


def tell(notice: Notice) -> None:
    """Keep a notice and send it, if somebody wants to hear of it; never raises."""
    from perennial.hooks.alert_channels import send

    try:
        channels = channels_of(documents(Settings.from_env().include, notice.dag), notice)
        if channels is None:
            return
        try:
            _keep_and_send(notice, channels)
        except Exception:
            _log.exception("the store does not keep alerts; this one is sent once: %s", notice.text)
            for channel in channels:
                _attempt(send, channel, notice)
    except Exception:
        _log.exception("nobody was told: %s", notice.text)


def about_batch(
    context: Context, event: Event, batch: str, text: str, detail: str = "", amount: int | None = None
) -> Notice:
    """A notice of what a task found in a batch."""
    run, dag = run_of(context), context["dag"].dag_id
    key = "/".join((dag, run["run_id"], run["since"], event, batch))
    return Notice(key, event, dag, run["run_id"], text, detail, link_of(dag, run["run_id"]), amount)


def run_of(context: Context | Mapping[str, Any]) -> dict[str, str]:
    """A run's id, and since when it goes on: one that is cleared and runs again is told of again."""
    run: Any = context.get("dag_run")
    said = run if isinstance(run, dict) else {}
    identifier = said.get("run_id") or said.get("dag_run_id") or getattr(run, "run_id", None)
    since = said.get("start_date") or getattr(run, "start_date", None) or ""
    return {"run_id": f"{identifier or context.get('run_id') or ''}", "since": f"{since}"}


def link_of(dag_id: str, run_id: str) -> str:
    """Where a run is in Airflow's UI; empty if Airflow does not know its own address."""
    from urllib.parse import quote

    from airflow.configuration import conf

    base = conf.get("api", "base_url", fallback="") or ""
    return f"{base.rstrip('/')}/dags/{dag_id}/runs/{quote(run_id, safe='')}" if base and run_id else ""


def _waits_its_turn(context: Context) -> bool:
    """Whether a run has not begun because those of its backfill run one after the other."""
    run: Any = context.get("dag_run")
    return isinstance(run, dict) and run.get("run_type") == "backfill" and not run.get("start_date")


def _load(path: Path) -> Alerts:
    return load_document(path, Alerts)


def _add(owner: Any, name: str, callback: Announcement) -> None:
    known = getattr(owner, name, None) or []
    setattr(owner, name, [*(known if isinstance(known, list | tuple) else [known]), callback])


def _deadline(dag_id: str, minutes: int) -> DeadlineAlert:
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(minutes=minutes),
        # In the triggerer, which may read connections: a callback that an executor runs may not.
        callback=AsyncCallback(Announcement, kwargs={"event": "delay", "dag_id": dag_id, "minutes": minutes}),
    )


def _keep_and_send(notice: Notice, channels: list[Channel]) -> None:
    import psycopg

    from perennial.alerts.outbox import Outbox, migrate
    from perennial.hooks.alert_channels import send
    from perennial.operators.stage import store_url

    url, now = store_url(), datetime.now(UTC)
    migrate(url)
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        outbox = Outbox(connection)
        if outbox.put(notice, channels, now) and channels:
            _log.info("%s: %s", notice.text, outbox.deliver(send, now, notice.key))


def _attempt(send: Any, channel: Channel, notice: Notice) -> None:
    try:
        send(channel, notice)
    except Exception as error:
        _log.error("%s did not take it: %s: %s", channel.name, type(error).__name__, error)
