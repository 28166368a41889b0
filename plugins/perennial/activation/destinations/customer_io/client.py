"""What is peculiar to Customer.io's two APIs: each has its host and its key, and both word errors alike."""

import requests

from perennial.activation.destinations.auth import Key, basic
from perennial.activation.destinations.base import Limits
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.failures import Problem
from perennial.activation.destinations.http import Client
from perennial.activation.destinations.wire import Wire


class CustomerIoClient(Client):
    """JSON with one of the APIs."""

    title = "Customer.io"
    hints = {401: "check the site ID, the Track API key and the App API key in the connection"}

    def problems(self, response: requests.Response) -> list[Problem]:
        answer = response.json()
        errors = answer.get("errors") or answer.get("meta", {}).get("errors") or []
        return [Problem(reason(each)) for each in errors]


def reason(error: str | dict[str, object]) -> str:
    """One error in words."""
    if isinstance(error, str):
        return error
    said = str(error.get("message") or error.get("detail") or error.get("reason"))
    return f"{error['field']}: {said}" if error.get("field") else said


def track(account: Account, limits: Limits, wire: Wire) -> CustomerIoClient:
    """https://docs.customer.io/integrations/api/track/: people, and who is in which segment."""
    return CustomerIoClient(account.url, basic(account.login, account.password), limits, wire, {})


def app(account: Account, limits: Limits, wire: Wire) -> CustomerIoClient:
    """https://docs.customer.io/integrations/api/app/: segments, and who opted out."""
    key = Key(f"Bearer {account.extra['app_api_key']}")
    url = account.url.replace("://track", "://api", 1)
    return CustomerIoClient(url, key, limits, wire, {})
