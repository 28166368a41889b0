"""A business unit of Marketing Cloud with sends and their tracking events, in its servers' time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from activation.destinations.salesforce_mc.harness import PARTNER, SUBDOMAIN, UNIT, BusinessUnit
from activation.destinations.stand_in import SECRET, Clock

from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.salesforce_mc.client import token
from perennial.activation.destinations.salesforce_mc.soap import SoapClient
from perennial.activation.destinations.wire import Wire
from perennial.activation.kept import Kept
from perennial.responses.salesforce_sends import TrackingEvents

from .polled import NINE

BEHIND = timedelta(hours=6)
EVENTS = {"SentEvent", "NotSentEvent", "OpenEvent", "ClickEvent", "BounceEvent", "UnsubEvent"}
SENDS = {"7": "thanks audience-best", "8": "News"}


class Unit(BusinessUnit):
    """The send 7 is of an e-mail whose name says its audience."""

    def empty(self) -> None:
        super().empty()
        self.events: list[dict[str, str]] = []
        self.asked: list[tuple[str, str, str]] = []

    def _find(self, request: Element) -> list[str]:
        kind = _texts(request, "ObjectType")[0]
        if kind == "Send":
            assert _texts(request, "Property") == ["ID"]
            named = {each: SENDS[each] for each in _texts(request, "Value") if each in SENDS}
            at = datetime.fromtimestamp(NINE, UTC) - BEHIND
            return [
                f"<ID>{number}</ID><EmailName>{name}</EmailName><SentDate>{at:%Y-%m-%dT%H:%M:%S}</SentDate>"
                for number, name in named.items()
            ]
        if kind not in EVENTS:
            return super()._find(request)
        assert _texts(request, "SimpleOperator") == ["greaterThanOrEqual", "lessThan"]
        assert _texts(request, "Property") == ["EventDate"] * 2
        assert _texts(request, "LogicalOperator") == ["AND"]
        start, end = _texts(request, "DateValue")
        self.asked.append((kind, start, end))
        chosen = [each for each in self.events if each["kind"] == kind and start <= each["utc"] < end]
        wanted = _texts(request, "Properties")
        return [
            "".join(f"<{name}>{escape(each.get(name, ''))}</{name}>" for name in wanted) for each in chosen
        ]

    def happen(self, kind: str, email: str, second: int, campaign: str = "7", **more: Any) -> None:
        """Something happens, so many seconds after nine."""
        at = datetime.fromtimestamp(NINE + second, UTC)
        event = {
            "kind": kind, "utc": f"{at:%Y-%m-%dT%H:%M:%SZ}", "SendID": campaign, "SubscriberKey": email,
            "EventDate": f"{at - BEHIND:%Y-%m-%dT%H:%M:%S}.13", "BatchID": "1",
        }  # fmt: skip
        self.events.append({**event, **more})


def account() -> Unit:
    """A business unit."""
    stand_in = Unit()
    stand_in.clock = Clock()
    return stand_in


def reader(stand_in: Unit, kept: Kept, url: str) -> TrackingEvents:
    """Who asks it."""
    ours = connector("salesforce_mc")
    given = {
        "host": f"https://{SUBDOMAIN}.rest.marketingcloudapis.com", "login": "client", "account_id": UNIT,
        "password": SECRET,
    }  # fmt: skip
    account = ours.account("s", given)
    wire = Wire(sleep=stand_in.clock.sleep, clock=stand_in.clock, adapter=stand_in)
    return TrackingEvents(SoapClient(account, token(account, wire), ours.limits, wire), kept)


def _texts(request: Element, name: str) -> list[str]:
    return [str(each.text) for each in request.iter() if each.tag == f"{{{PARTNER}}}{name}"]
