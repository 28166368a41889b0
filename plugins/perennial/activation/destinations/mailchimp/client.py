"""What is peculiar to Mailchimp's Marketing API: how it authenticates, and how it refuses."""

import requests

from perennial.activation.destinations.auth import basic
from perennial.activation.destinations.base import Limits
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.failures import Problem
from perennial.activation.destinations.http import Client
from perennial.activation.destinations.wire import Wire

API = "/3.0"
"""The version of https://mailchimp.com/developer/marketing/api/ that this speaks."""


class MailchimpClient(Client):
    """JSON with one account."""

    title = "Mailchimp"
    hints = {401: "check the API key in the connection, and that the host is that of its data centre"}

    def __init__(self, account: Account, limits: Limits, wire: Wire) -> None:
        super().__init__(f"{account.url}{API}", basic("perennial", account.password), limits, wire, {})

    def passes(self, response: requests.Response) -> bool:
        """At high volumes its proxy says 403, without JSON, where it means 429."""
        is_json = "json" in response.headers.get("Content-Type", "")
        return super().passes(response) or (response.status_code == 403 and not is_json)

    def problems(self, response: requests.Response) -> list[Problem]:
        return [Problem(text) for text in complaints(response.json())]


def complaints(answer: dict[str, object]) -> list[str]:
    """What a refusal says, be it of a request or of an operation in a batch."""
    fields = answer.get("errors")
    found = [str(answer.get("detail") or answer.get("title"))]
    if isinstance(fields, list):
        found += [f"{each.get('field')}: {each.get('message')}" for each in fields]
    return found
