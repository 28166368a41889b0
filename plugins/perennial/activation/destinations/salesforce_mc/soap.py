"""Marketing Cloud's SOAP API, for what REST cannot do: who unsubscribed, definitions, and rows that go."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import requests

from perennial.activation.destinations.auth import Key, RenewedToken
from perennial.activation.destinations.base import Limits
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.failures import Problem, RefusedError, UnavailableError, redact
from perennial.activation.destinations.http import Client
from perennial.activation.destinations.salesforce_mc.client import HINTS, TITLE, host
from perennial.activation.destinations.wire import Wire

PATH = "/Service.asmx"
NAMESPACE = "http://exacttarget.com/wsdl/partnerAPI"
MORE = "MoreDataAvailable"
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    '<s:Header><fueloauth xmlns="http://exacttarget.com">{token}</fueloauth></s:Header>'
    "<s:Body>{body}</s:Body></s:Envelope>"
)
LASTING = ("Client", "Sender", "Security")
"""Faults with these codes are ours, and stay."""


@dataclass(frozen=True)
class Message:
    """One request: the method, and the content of its body."""

    action: str
    body: str


class _InTheEnvelope(Key):
    """The token stands in the message, and in no header."""

    def __init__(self, inner: RenewedToken) -> None:
        super().__init__("")
        self._inner = inner

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request

    def renew(self) -> bool:
        return self._inner.renew()


class SoapClient(Client):
    """XML with one business unit."""

    title = TITLE
    content_type = "text/xml"
    hints = HINTS

    def __init__(self, account: Account, auth: RenewedToken, limits: Limits, wire: Wire) -> None:
        super().__init__(host(account, "soap"), _InTheEnvelope(auth), limits, wire, {})
        self._token = auth

    def encoded(self, body: Any) -> tuple[bytes, dict[str, str]]:
        token = escape(self._token.current())
        content = ENVELOPE.format(token=token, body=body.body).encode()
        return content, {"Content-Type": f"{self.content_type}; charset=utf-8", "SOAPAction": body.action}

    def passes(self, response: requests.Response) -> bool:
        code = _text(_parsed(response), "faultcode")
        return super().passes(response) and not any(each in code for each in LASTING)

    def problems(self, response: requests.Response) -> list[Problem]:
        said = _text(_parsed(response), "faultstring")
        return [Problem(said)] if said else []

    def perform(self, action: str, objects: str) -> tuple[str, list[Element]]:
        """Create, update or delete objects: the overall status, and what became of each, in their order.

        Each can be made twice without harm.
        """
        body = f'<{action}Request xmlns="{NAMESPACE}"><Options/>{objects}</{action}Request>'
        return self._ask(Message(action, body))[:2]

    def retrieve(
        self, kind: str, properties: Sequence[str], where: str, values: Collection[str]
    ) -> Iterator[dict[str, str]]:
        """All objects of a kind of which a property is one of the values, page by page."""
        operator = "equals" if len(values) == 1 else "IN"
        given = "".join(f"<Value>{escape(each)}</Value>" for each in values)
        return self._all(kind, properties, f"<Filter {_part(where, operator, given)}</Filter>")

    def retrieve_between(
        self, kind: str, properties: Sequence[str], where: str, start: datetime, end: datetime
    ) -> Iterator[dict[str, str]]:
        """The same, where a time is one from the start up to, but not with, the end."""
        since, until = (f"<DateValue>{at:%Y-%m-%dT%H:%M:%SZ}</DateValue>" for at in (start, end))
        condition = (
            '<Filter xsi:type="ComplexFilterPart">'
            f"<LeftOperand {_part(where, 'greaterThanOrEqual', since)}</LeftOperand>"
            f"<LogicalOperator>AND</LogicalOperator>"
            f"<RightOperand {_part(where, 'lessThan', until)}</RightOperand></Filter>"
        )
        return self._all(kind, properties, condition)

    def _all(self, kind: str, properties: Sequence[str], condition: str) -> Iterator[dict[str, str]]:
        wanted = "".join(f"<Properties>{each}</Properties>" for each in properties)
        request = f"<ObjectType>{escape(kind)}</ObjectType>{wanted}{condition}"
        while True:
            body = (
                f'<RetrieveRequestMsg xmlns="{NAMESPACE}"><RetrieveRequest>{request}</RetrieveRequest>'
                "</RetrieveRequestMsg>"
            )
            status, results, number = self._ask(Message("Retrieve", body))
            if status not in ("OK", MORE):
                raise RefusedError(f"{TITLE} Retrieve {kind}: {redact(status)}", 200)
            yield from ({name: _found(each, name) for name in properties} for each in results)
            if status == "OK":
                return
            request = (
                f"<ContinueRequest>{escape(number)}</ContinueRequest><ObjectType>{escape(kind)}</ObjectType>"
            )

    def _ask(self, message: Message) -> tuple[str, list[Element], str]:
        answer = _parsed(self._answer("POST", PATH, message, None, True, ()))
        if answer is None:
            raise UnavailableError(f"{TITLE} {message.action}: the answer is no XML")
        results = [each for each in answer.iter() if _name(each) == "Results"]
        return _text(answer, "OverallStatus"), results, _text(answer, "RequestID")


def _part(where: str, operator: str, value: str) -> str:
    """A simple condition, without the name of the element that it is the content of."""
    return (
        f'xsi:type="SimpleFilterPart"><Property>{where}</Property>'
        f"<SimpleOperator>{operator}</SimpleOperator>{value}"
    )


def child(element: Element, name: str) -> str:
    """The text of an element within another one; empty where there is none."""
    return _text(element, name)


def _found(result: Element, name: str) -> str:
    """A property of a result; rows of data extensions give theirs as pairs of names and values."""
    for pair in (each for each in result.iter() if _name(each) == "Property"):
        if _text(pair, "Name").lower() == name.lower():
            return _text(pair, "Value")
    return _text(result, name.rpartition(".")[2])


def _text(element: Element | None, name: str) -> str:
    if element is None:
        return ""
    return next((str(each.text or "").strip() for each in element.iter() if _name(each) == name), "")


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _parsed(response: requests.Response) -> Element | None:
    try:
        # Salesforce's own answers, and expat bounds what entities may grow to.
        return ElementTree.fromstring(response.content)  # noqa: S314 # nosec B314
    except ElementTree.ParseError:
        return None
