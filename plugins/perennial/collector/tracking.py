"""Links of e-mails in; what the recipient did in the log, and what they expect to see, out.

A link is good if its token is (`perennial.campaigns.tokens`). A click leads on, and a picture is shown,
even where the log cannot be written: nobody is to suffer for our statistics. Who unsubscribes is told so
when it is on disk.
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from perennial.campaigns.tokens import Mark, TokenRefusedError, Use
from perennial.collector.reception import Reception
from perennial.collector.refusals import Refused
from perennial.ids import uuid7s

PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b")
"""A transparent GIF of one pixel."""
PAGE = Path(__file__).with_name("unsubscribe.html")
MAX_FORM = 4096
MACHINE = {"Mozilla/5.0"}
"""What Apple's Mail Privacy Protection calls itself: it fetches pictures whether somebody reads or not."""
PRIVATE = {
    "cache-control": "no-store, private",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
}
STRICT = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
}


class Tracking:
    """The endpoints that e-mails point to."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._form = reception.body("a form", MAX_FORM)
        self._page = PAGE.read_text(encoding="utf-8")

    async def open(self, request: Request) -> Response:
        """The picture."""
        mark, _ = self._opened(request, "open")
        if request.method == "GET":
            machine = request.headers.get("user-agent") in MACHINE
            await self._try(_record("open", mark, {"machine": machine}))
        return Response(PIXEL, media_type="image/gif", headers=PRIVATE)

    async def click(self, request: Request) -> Response:
        """On to where the token says."""
        mark, url = self._opened(request, "click")
        if request.method == "GET":
            await self._try(_record("click", mark, {"url": url}))
        return RedirectResponse(str(url), 302, headers=PRIVATE)

    async def ask(self, request: Request) -> Response:
        """A page with a button: to open a link is no decision, and programs open all of them."""
        self._opened(request, "unsubscribe")
        return self._told("Unsubscribe", "Do you want to get no more of these e-mails?", button=True)

    async def unsubscribe(self, request: Request) -> Response:
        """RFC 8058's POST of a mail program, or that of the page's button: both are a decision."""
        mark, _ = self._opened(request, "unsubscribe")
        body = await self._form.read(request.receive, dict(request.scope["headers"]))
        self._reception.budget.give(len(body))
        await self._reception.keep_tracking(_record("unsubscribe", mark, {}))
        return self._told("You are unsubscribed", "You will get no more of these e-mails.", button=False)

    def _opened(self, request: Request, use: Use) -> tuple[Mark, str | None]:
        signer = self._reception.settings.tracking
        if signer is None:
            raise Refused(503, "no_key", "no key to check links with: set PERENNIAL_TRACKING_KEY")
        try:
            return signer.opened(request.path_params["token"], use)
        except TokenRefusedError:
            raise Refused(404, "unknown_link", "this link was not made here, or was changed") from None

    async def _try(self, record: bytes) -> None:
        try:
            await self._reception.keep_tracking(record)
        except Refused as refused:
            self._reception.metrics.refused[f"lost_{refused.error}"] += 1

    def _told(self, title: str, text: str, button: bool) -> Response:
        form = '<form method="post"><button type="submit">Unsubscribe</button></form>' if button else ""
        page = self._page.replace("{title}", title).replace("{text}", text).replace("{form}", form)
        return HTMLResponse(page, headers={**PRIVATE, **STRICT})


def tracking_routes(reception: Reception) -> list[Route]:
    """The addresses that e-mails have in them."""
    tracking = Tracking(reception)

    async def unsubscribe(request: Request) -> Response:
        return await (tracking.unsubscribe if request.method == "POST" else tracking.ask)(request)

    return [
        Route("/o/{token}", tracking.open, methods=["GET"]),
        Route("/c/{token}", tracking.click, methods=["GET"]),
        Route("/u/{token}", unsubscribe, methods=["GET", "POST"]),
    ]


def _record(event: Use, mark: Mark, more: dict[str, Any]) -> bytes:
    """As the log keeps webhooks: when it came, and the events; here there is one, at that time."""
    now = time.time()
    at = int(now * 1_000_000)
    # Who unsubscribes several times a day, by hand and by program, has done so once.
    day = datetime.fromtimestamp(now, UTC).date()
    own = f"{mark.message_id}/{event}/{day}" if event == "unsubscribe" else uuid7s(1, at // 1000)[0]
    content = {
        "event_id": own,
        "event": event,
        "at": at,
        "message_id": mark.message_id,
        "campaign": mark.campaign,
        "audience": mark.audience,
        "as_of": mark.as_of.isoformat(),
        "email_sha256": mark.email_sha256,
        **more,
    }
    return json.dumps({"received_at": at, "events": [content]}, separators=(",", ":")).encode()
