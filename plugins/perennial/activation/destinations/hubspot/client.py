"""What is peculiar to HubSpot's API: two ways to authenticate, and statuses of its own that pass."""

import requests

from perennial.activation.destinations.auth import Key, RenewedToken, fetch_token
from perennial.activation.destinations.base import Limits
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.failures import Problem
from perennial.activation.destinations.http import Client
from perennial.activation.destinations.wire import Wire

LOCKED, MIGRATING = 423, 477


class HubSpotClient(Client):
    """JSON with one account."""

    title = "HubSpot"
    hints = {
        401: "check the access token, or the refresh token, in the connection",
        403: "the app needs the scopes crm.objects.contacts, crm.schemas.contacts and crm.lists, to write;"
        " and content, for what came back",
    }

    def __init__(self, account: Account, limits: Limits, wire: Wire) -> None:
        super().__init__(account.url, _auth(account, wire), limits, wire, {})

    def passes(self, response: requests.Response) -> bool:
        return super().passes(response) or response.status_code in (LOCKED, MIGRATING)

    def problems(self, response: requests.Response) -> list[Problem]:
        return [Problem(str(response.json()["message"]))]


def _auth(account: Account, wire: Wire) -> Key:
    grant = account.extra.get("refresh_token")
    if not grant:
        return Key(f"Bearer {account.password}")
    form = {
        "grant_type": "refresh_token",
        "client_id": account.login,
        "client_secret": account.password,
        "refresh_token": grant,
    }
    return RenewedToken(
        lambda: fetch_token("HubSpot", f"{account.url}/oauth/v1/token", form, wire), wire.clock
    )
