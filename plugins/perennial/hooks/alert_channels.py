"""Notices out, through Airflow's connections: to Slack-compatible and other webhooks, and by e-mail.

Nothing of an address gets into an error: that of a Slack webhook is a secret.
"""

import html
from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseHook

from perennial.alerts.notice import Channel, Notice
from perennial.errors import TerminalError, TransientError

TIMEOUT_S = 10
SLACK = "https://hooks.slack.com/services"
"""Where a webhook lies whose connection names no host."""


class NotTaken(TransientError):
    """A channel did not answer, or not as if it had taken a message."""


def send(channel: Channel, notice: Notice) -> None:
    """Give a channel a notice; raises `NotTaken`, or what the connection or the mail server raises."""
    if channel.kind == "slack":
        post_slack(channel.connection, notice.as_slack())
    elif channel.kind == "webhook":
        post(channel.connection, notice.as_json())
    else:
        where = f"Dag {notice.dag}, run {notice.run}"
        mail(channel.connection, [channel.to], notice.text, [where, notice.detail, notice.link])


def post_slack(connection_id: str, message: dict[str, Any]) -> None:
    """Post to an incoming webhook: the host and below it the password, or a password that is all of it."""
    connection = BaseHook.get_connection(connection_id)
    secret = connection.password or ""
    if "://" in secret:
        address = secret
    elif connection.host or secret:
        address = _address(connection) if connection.host else SLACK
        address = f"{address.rstrip('/')}/{secret.lstrip('/')}" if secret else address
    else:
        raise TerminalError(f"connection {connection_id}: put the webhook's address into the password")
    _post(connection_id, address, message, {})


def post(connection_id: str, message: dict[str, Any]) -> None:
    """Post JSON to a connection of type http; its password is sent as a bearer token."""
    connection = BaseHook.get_connection(connection_id)
    headers = {"authorization": f"Bearer {connection.password}"} if connection.password else {}
    _post(connection_id, _address(connection), message, headers)


def mail(connection_id: str, to: Sequence[str], subject: str, lines: Sequence[str]) -> None:
    """Send a short e-mail, a paragraph a line."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    content = "<br>".join(html.escape(line) for line in lines if line)
    with SmtpHook(smtp_conn_id=connection_id) as hook:
        hook.send_email_smtp(to=[*to], subject=subject, html_content=content)


def _address(connection: Any) -> str:
    host = connection.host or ""
    address = host if "://" in host else f"{connection.schema or 'https'}://{host}"
    if connection.port and not address.rpartition(":")[2].isdigit():
        address = f"{address}:{connection.port}"
    return str(address)


def _post(connection_id: str, address: str, message: dict[str, Any], headers: dict[str, str]) -> None:
    import requests

    try:
        answer = requests.post(
            address, json=message, headers=headers, timeout=TIMEOUT_S, allow_redirects=False
        )
    except requests.RequestException as error:
        raise NotTaken(f"connection {connection_id}: no answer ({type(error).__name__})") from None
    # One that points elsewhere has not taken it.
    if not 200 <= answer.status_code < 300:
        raise NotTaken(f"connection {connection_id}: answered {answer.status_code}")
