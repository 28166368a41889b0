"""What is peculiar to SendGrid's v3 API: how it names what it refuses, and when to ask again."""

import re
import time

import requests

from perennial.activation.destinations.auth import Key
from perennial.activation.destinations.base import Limits
from perennial.activation.destinations.failures import Problem
from perennial.activation.destinations.http import Client
from perennial.activation.destinations.wire import Wire

API = "/v3"
"""The version of https://www.twilio.com/docs/sendgrid/api-reference that this speaks."""
ROW = re.compile(r"^contacts\[(\d+)\]")


class SendGridClient(Client):
    """JSON with one account."""

    title = "SendGrid"
    hints = {
        401: "check the API key in the connection",
        403: "the API key needs full access to Marketing, and to Suppressions",
    }

    def __init__(self, url: str, api_key: str, limits: Limits, wire: Wire) -> None:
        super().__init__(f"{url}{API}", Key(f"Bearer {api_key}"), limits, wire, {})

    def problems(self, response: requests.Response) -> list[Problem]:
        found = []
        for error in response.json()["errors"]:
            field, text = str(error.get("field") or ""), str(error.get("message"))
            row = ROW.match(field)
            found.append(Problem(f"{field}: {text}" if field else text, int(row[1]) if row else None))
        return found

    def retry_after(self, response: requests.Response) -> float | None:
        """`Retry-After`, or until `X-RateLimit-Reset` (seconds since the epoch) where nothing remains."""
        said = super().retry_after(response)
        reset = response.headers.get("X-RateLimit-Reset", "")
        if said is None and response.headers.get("X-RateLimit-Remaining") == "0" and reset.isdigit():
            return max(0.0, float(reset) - time.time())
        return said
