"""The SendGrid hook: an Airflow connection in, a destination out."""

from functools import cached_property
from typing import Any

from airflow.sdk import BaseHook

from perennial.activation.destinations.sendgrid.client import SendGridClient
from perennial.activation.destinations.sendgrid.destination import LIMITS, SendGridDestination
from perennial.activation.limiter import Limiter
from perennial.errors import PerennialError, TerminalError


class SendGridHook(BaseHook):
    """Reads host (base URL, https://api.sendgrid.com or the EU's) and password (API key) of a connection.

    :param sendgrid_conn_id: the Airflow connection
    """

    conn_name_attr = "sendgrid_conn_id"
    default_conn_name = "sendgrid_default"
    conn_type = "sendgrid"
    hook_name = "SendGrid"

    def __init__(self, sendgrid_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sendgrid_conn_id = sendgrid_conn_id

    def get_conn(self) -> SendGridClient:
        """The client, made once."""
        return self._client

    @cached_property
    def _client(self) -> SendGridClient:
        connection = self.get_connection(self.sendgrid_conn_id)
        if not connection.host or not connection.password:
            raise TerminalError(
                f"connection {self.sendgrid_conn_id}: host (such as https://api.sendgrid.com) and password"
                " (the API key) are needed"
            )
        host = connection.host if "://" in connection.host else f"https://{connection.host}"
        port = f":{connection.port}" if connection.port else ""
        return SendGridClient(f"{host}{port}", connection.password, Limiter(LIMITS.windows))

    def destination(self) -> SendGridDestination:
        """What an activation sends to."""
        return SendGridDestination(self.get_conn())

    def test_connection(self) -> tuple[bool, str]:
        """Ask for the number of contacts."""
        try:
            answer = self.get_conn().call("GET", "/marketing/contacts/count", repeatable=False)
        except PerennialError as error:
            return False, str(error)
        return True, f"{answer['contact_count']} contacts"
