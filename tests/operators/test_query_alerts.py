"""Alerts reach a webhook and a mail server; ten failures in a row are a quarantine."""

import asyncio
import email
import json
import os
import time
from types import SimpleNamespace
from typing import Any

import pytest

from perennial.operators.assets import INSIGHTS
from perennial.operators.query_alerts import AlertNotSent, Outcome, QueryAlert, alert
from perennial.queries.scheduled import Alerts, ScheduledQuery


def query(**alerts: Any) -> ScheduledQuery:
    return ScheduledQuery(
        name="mine", title="Mine", schedule="daily", sql="SELECT 1", alerts=Alerts(**alerts)
    )


class Kept(dict):
    """The state of an asset."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, default)


def context(state: Kept, error: Exception | None = None) -> Any:
    run = SimpleNamespace(run_id="scheduled__2017")
    return {"asset_state_store": {INSIGHTS: state}, "dag_run": run, "exception": error}


def test_the_tenth_failure_in_a_row_is_a_quarantine(webhook):
    one, state = query(webhook="hook", events=["failure", "quarantine", "success"]), Kept()
    failed, succeeded = (Outcome(one, INSIGHTS, succeeded=outcome) for outcome in (False, True))
    for _ in range(9):
        failed(context(state))
    succeeded(context(state))
    assert state == {"failures_in_a_row": 0}
    for _ in range(11):
        failed(context(state, ValueError("<no> such column")))
    events = [body["event"] for _, body in webhook.heard]
    assert events == ["failure"] * 9 + ["success"] + ["failure"] * 10 + ["quarantine"] + ["failure"]
    token, body = webhook.heard[-2]
    assert token == "Bearer token"
    assert body == {
        "event": "quarantine",
        "query": "mine",
        "text": "Mine failed 10 times in a row and is quarantined.",
        "dag_id": "query_mine",
        "run_id": "scheduled__2017",
        "error": "<no> such column",
    }


def test_only_what_was_asked_for_is_said(webhook):
    one, state = query(webhook="hook", events=["success"]), Kept()
    Outcome(one, INSIGHTS, succeeded=False)(context(state))
    assert webhook.heard == []
    assert alert(one, "start") is None
    assert state == {"failures_in_a_row": 1}


def heard(mail: Any) -> Any:
    """What the server heard; it takes note of a message a moment after it was sent."""
    deadline = time.monotonic() + 10
    while not mail.heard and time.monotonic() < deadline:
        time.sleep(0.01)
    return mail.heard


def test_an_email_says_what_is_wrong(mail):
    QueryAlert("failure", "mine", "Mine", email=["ann@example.com"])(
        context(Kept(), ValueError("<no> column"))
    )
    [lines] = heard(mail)
    assert "rcpt TO:<ann@example.com>" in lines
    message = email.message_from_string("\n".join(lines[3:]))
    assert message["Subject"] == "Mine failed."
    [body] = [part for part in message.walk() if part.get_content_type() == "text/html"]
    assert b"&lt;no&gt; column" in body.get_payload(decode=True)


def test_a_late_run_is_known_by_plain_values(webhook):
    late = alert(query(webhook="hook", events=["delay"]), "delay")
    assert late is not None
    context: Any = {"dag_run": {"dag_run_id": "scheduled__2017"}}

    async def as_the_triggerer_does() -> None:
        await QueryAlert(**late.arguments, context=context)

    asyncio.run(as_the_triggerer_does())
    [(_, body)] = webhook.heard
    assert (body["text"], body["run_id"]) == ("Mine is late.", "scheduled__2017")


def test_a_webhook_that_is_down_does_not_keep_an_email_from_going(webhook, mail):
    webhook.status = 500
    with pytest.raises(AlertNotSent, match="post: NotTaken: connection hook: answered 500"):
        QueryAlert("failure", "mine", "Mine", webhook="hook", email=["ann@example.com"])(context(Kept()))
    assert len(heard(mail)) == 1


@pytest.mark.parametrize("status", [302, 404, None])
def test_an_address_that_is_a_secret_is_not_told(webhook, monkeypatch, status):
    """Whoever knows the address of a chat's webhook can write to the chat."""
    port = webhook.server_address[1] if status else 1
    connection = {"conn_type": "http", "host": f"http://127.0.0.1:{port}/services/T0/B0/canary"}
    monkeypatch.setitem(os.environ, "AIRFLOW_CONN_HOOK", json.dumps(connection))
    webhook.status = status
    with pytest.raises(AlertNotSent, match="connection hook") as error:
        QueryAlert("failure", "mine", "Mine", webhook="hook")(context(Kept()))
    assert "canary" not in str(error.value)
