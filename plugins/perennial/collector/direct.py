"""Requests in, answers of JSON out, with nothing between: a framework takes longer than a small request."""

from abc import ABC, abstractmethod

from starlette.types import Receive, Scope, Send

from perennial.collector.bodies import Disconnected
from perennial.collector.reception import Reception
from perennial.collector.refusals import Refusal, Refused


class Direct(ABC):
    """An ASGI application that answers a kind of address by itself."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    @abstractmethod
    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        """Status and JSON; `Refused` where it is refused."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            status, body = await self._answer(scope, receive)
        except Refused as refused:
            self._reception.metrics.refused[refused.error] += 1
            await Refusal(refused)(scope, receive, send)
        except Disconnected:
            return
        else:
            headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
