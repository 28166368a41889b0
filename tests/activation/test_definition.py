"""What the document of an activation may say."""

from typing import Any

import pytest
from pydantic import ValidationError

from perennial.activation.definition import Activation
from perennial.activation.destinations.registry import kinds


def document(kind: str, **mapping: Any) -> Activation:
    content = {"name": "mail", "title": "Mail", "audiences": ["best"], "mapping": mapping}
    return Activation.model_validate({**content, "destination": {"kind": kind, "connection": "c"}})


@pytest.mark.parametrize("kind", kinds())
def test_every_connector_can_be_named(kind: str) -> None:
    assert document(kind, age="age").destination.kind == kind


def test_an_unknown_kind_is_told_with_those_that_are_known() -> None:
    known = ", ".join(sorted([*kinds(), "files"]))
    with pytest.raises(ValidationError, match=f"no destination of the kind 'pigeons'; known: {known}"):
        document("pigeons")


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("customer_io", "unsubscribed"),
        ("customer_io", "CIO_subscription_preferences"),
        ("iterable", "unsubscribedChannelIds"),
        ("braze", "email_subscribe"),
        ("hubspot", "hs_email_optout_123"),
        ("eloqua", "IsSubscribed"),
    ],
)
def test_a_mapping_to_consent_is_refused(kind: str, field: str) -> None:
    with pytest.raises(ValidationError, match=f"mapping: {field} is consent at .*, and an activation never"):
        document(kind, **{field: "age"})
