"""What is peculiar to Marketing Cloud's REST API: hosts by purpose, and refusals with status 200."""

from typing import Any

import requests

from perennial.activation.destinations.auth import RenewedToken, fetch_token
from perennial.activation.destinations.base import Limits
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.failures import Problem, RefusedError, redact
from perennial.activation.destinations.http import Client
from perennial.activation.destinations.wire import Wire

TITLE = "Salesforce Marketing Cloud"
HINTS = {
    401: "check the client's ID and secret in the connection",
    403: "the installed package needs Data Extensions (read, write) and List and Subscribers (read); and"
    " Email and Tracking Events (read), for what came back",
}


def host(account: Account, purpose: str) -> str:
    """The address of the same tenant for `auth`, `rest` or `soap`; a stand-in has one for all."""
    return account.url.replace(".rest.", f".{purpose}.", 1)


def token(account: Account, wire: Wire) -> RenewedToken:
    """The access token of a business unit, which lives for twenty minutes; both APIs take it."""
    asked = {
        "grant_type": "client_credentials",
        "client_id": account.login,
        "client_secret": account.password,
        "account_id": account.extra["account_id"],
    }
    url = f"{host(account, 'auth')}/v2/token"
    return RenewedToken(lambda: fetch_token(TITLE, url, asked, wire, as_json=True), wire.clock)


class RestClient(Client):
    """JSON with one business unit."""

    title = TITLE
    hints = HINTS

    def __init__(self, account: Account, auth: RenewedToken, limits: Limits, wire: Wire) -> None:
        super().__init__(account.url, auth, limits, wire, {})

    def problems(self, response: requests.Response) -> list[Problem]:
        answer = response.json()
        return [Problem(text) for text in messages(answer)] or [Problem(str(answer["message"]))]


def messages(answer: Any) -> dict[str, str]:
    """What an answer complains of, whatever its status: the text, and its code."""
    found = (answer or {}).get("resultMessages") or []
    each = [one.get("resultMessage", one) for one in found]
    return {str(one.get("message")): str(one.get("resultCode")) for one in each}


def refuse(answer: Any, where: str) -> None:
    """Raises `RefusedError` where an answer with status 200 is a refusal."""
    if said := messages(answer):
        raise RefusedError(f"{TITLE} {where}: {redact('; '.join(said))}", 200)
