"""Events of Customer.io's reporting webhook become responses, or are set apart with a reason."""

import json
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import polars as pl
import pytest
from openapi_check import require
from openapi_schema_validator import OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from perennial.lake.responses import EMAIL_EVENTS
from perennial.responses.customer_io import KINDS, METRICS, map_events
from perennial.responses.sends import Sent
from perennial.responses.shape import Mapped, NoResponseError

SPEC = "customer-io-reporting-webhooks-openapi.json"
ANN = sha256(b"ann@example.com").hexdigest()
PEOPLE = pl.LazyFrame({"email_sha256": [ANN], "person_id": ["7"]})
SENT = Sent("newsletter-10", "Thank you", "best", date(2017, 12, 26))


def event(metric: str, **changes: Any) -> dict[str, Any]:
    """As the provider documents it."""
    data = {
        "newsletter_id": 10, "content_id": 3, "delivery_id": "RPILAgUBcRhIBqSfeiIwdIYJKxTY",
        "customer_id": "42", "identifiers": {"id": "42", "email": "ann@example.com", "cio_id": "d9c1"},
        "recipient": "Ann@Example.com", "subject": "Thank you", **changes,
    }  # fmt: skip
    return {
        "event_id": f"01E4C4CT6YDC7Y5M7FE1{metric}", "object_type": "email", "metric": metric,
        "timestamp": 1_514_278_801, "data": data,
    }  # fmt: skip


def sends(kind: str, number: int) -> Sent:
    if (kind, number) != ("newsletter", 10):
        raise NoResponseError(f"{kind} {number} is no longer there")
    return SENT


def mapped(*events: Any) -> Mapped:
    return map_events([(1_514_279_000_000_000, list(events))], PEOPLE, sends)


def test_a_click_becomes_a_response() -> None:
    found = mapped(event("clicked", href="https://shop.example.com", link_id=1, machine=True))
    assert found.apart == []
    assert found.responses.schema == EMAIL_EVENTS
    assert found.responses.row(0, named=True) == {
        "event_id": "01E4C4CT6YDC7Y5M7FE1clicked", "event_type": "clicked",
        "event_time": datetime(2017, 12, 26, 9, 0, 1, tzinfo=UTC), "event_date": date(2017, 12, 26),
        "provider": "customer_io", "send_id": "RPILAgUBcRhIBqSfeiIwdIYJKxTY", "campaign_id": "newsletter-10",
        "campaign_name": "Thank you", "audience": "best", "person_id": "7", "email_sha256": ANN,
        "bounce_class": None, "bounce_reason": None, "domain": "example.com",
        "is_machine": True, "url": "https://shop.example.com",
        "sent_as_of": date(2017, 12, 26), "received_at": datetime(2017, 12, 26, 9, 3, 20, tzinfo=UTC),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("message", "kind", "reason"),
    [
        ("550 5.1.1 no such user: ann@example.com", "hard", "5.1.1"), ("421 try later", "soft", "421"),
        ("452 4.2.2 mailbox full", "soft", "4.2.2"), ("554 rejected by 10.4.52.1", "hard", "554"),
        ("ann@example.com is gone", "hard", None),
    ],
)  # fmt: skip
def test_a_bounce_is_what_the_mail_server_said(message: str, kind: str, reason: str | None) -> None:
    rows = mapped(event("bounced", failure_message=message)).responses
    assert rows.select("bounce_class", "bounce_reason").rows() == [(kind, reason)]


def test_opens_of_machines_are_told_apart() -> None:
    rows = mapped(event("opened", prefetched=True), event("opened", proxied=True)).responses
    assert rows["is_machine"].to_list() == [True, False]


def test_where_the_recipient_is_not_told_the_persons_address_is_taken() -> None:
    found = mapped(event("attempted", recipient=None, failure_message="later"))
    assert found.responses.select("event_type", "email_sha256").row(0) == ("deferred", ANN)


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (event("opened") | {"object_type": "sms"}, "not about an e-mail, but of the type 'sms'"),
        (event("opened") | {"data": None}, "not about an e-mail"),
        (event("drafted"), "unknown metric 'drafted'"),
        (event("opened") | {"metric": ["opened"]}, "unknown metric"),
        (event("opened") | {"timestamp": "soon"}, "no timestamp"),
        (event("opened") | {"event_id": ""}, "no event_id"),
        (event("opened", delivery_id=None), "no delivery_id"),
        (event("opened", newsletter_id=None), "of no newsletter, broadcast or campaign"),
        (event("opened", newsletter_id=11), "newsletter 11 is no longer there"),
        (event("opened", newsletter_id=None, broadcast_id=9), "broadcast 9 is no longer there"),
        (event("opened", recipient=None, identifiers=None), "no email"),
        (event("clicked", href="https://x.example/\ud800"), "url is no text"),
        ("text", "not an object"),
    ],
)
def test_what_is_no_response_is_set_apart(odd: Any, reason: str) -> None:
    found = mapped(odd, event("opened"))
    ((kept, why),) = found.apart
    assert kept == odd
    assert reason in why
    assert found.responses.height == 1


def test_the_providers_own_examples_are_understood() -> None:
    (path,) = require(SPEC)
    document = json.loads(path.read_text())
    post = document["webhooks"]["reportingWebhook"]["post"]
    examples = post["requestBody"]["content"]["application/json"]["examples"]
    found = map_events(
        [(1, [each["value"] for each in examples.values()])],
        PEOPLE,
        lambda kind, number: Sent(kind, "x", "a", None),
    )
    (sent,) = found.responses.rows(named=True)
    assert (sent["event_type"], sent["campaign_id"]) == ("sent", "broadcast")
    assert sent["event_time"] == datetime(2021, 2, 11, 17, 4, 49, tzinfo=UTC)
    assert sent["email_sha256"] == sha256(b"test@example.com").hexdigest()
    assert len(found.apart) == len(examples) - 1, "a subscription and an SMS"


def test_all_the_providers_metrics_are_known_and_ours_are_theirs() -> None:
    (path,) = require(SPEC)
    schemas = json.loads(path.read_text())["components"]["schemas"]
    theirs = {name.removeprefix("email_") for name in schemas if name.startswith("email_")}
    theirs -= {"event", "event_common", "address"}
    assert theirs - METRICS.keys() == {"drafted", "converted"}
    assert METRICS.keys() <= theirs
    assert {f"{kind}_id" for kind in KINDS} <= schemas.keys()


def test_our_examples_are_of_the_providers_shape() -> None:
    (path,) = require(SPEC)
    resource = Resource.from_contents(json.loads(path.read_text()), default_specification=DRAFT202012)
    registry: Registry = Registry().with_resource("urn:cio", resource)
    for metric in ("opened", "sent", "delivered", "unsubscribed", "spammed"):
        schema = {"$ref": f"urn:cio#/components/schemas/email_{metric}"}
        assert not list(OAS31Validator(schema, registry=registry).iter_errors(event(metric)))
