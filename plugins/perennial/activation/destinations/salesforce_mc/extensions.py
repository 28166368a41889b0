"""Data extensions, the tables of Marketing Cloud: found, made, widened, and rows taken out."""

from collections.abc import Mapping, Sequence
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import escape

from perennial.activation.destinations.base import FieldKind, ListGoneError
from perennial.activation.destinations.failures import RefusedError, redact
from perennial.activation.destinations.salesforce_mc.client import TITLE
from perennial.activation.destinations.salesforce_mc.soap import SoapClient, child

EMAIL = "EmailAddress"
"""The column that is the key of a row, and by which a row is sent to."""
FORBIDDEN = str.maketrans(dict.fromkeys("!@#$%^&*()={}[]\\.<>/\":?|,;'+", " "))
LONGEST = 100
TYPES: dict[FieldKind, str] = {
    "text": "<FieldType>Text</FieldType><MaxLength>4000</MaxLength>",
    "number": "<FieldType>Decimal</FieldType><MaxLength>18</MaxLength><Scale>4</Scale>",
    "date": "<FieldType>Date</FieldType>",
}
KEY = (
    f"<Field><Name>{EMAIL}</Name><FieldType>EmailAddress</FieldType><MaxLength>254</MaxLength>"
    "<IsRequired>true</IsRequired><IsPrimaryKey>true</IsPrimaryKey></Field>"
)


def named(name: str) -> str:
    """A list's name as a data extension may have it: some signs are not allowed there."""
    return " ".join(name.translate(FORBIDDEN).split())[:LONGEST].rstrip()


def ensure(soap: SoapClient, name: str) -> str:
    """The key of the data extension of this name: the one that is there, or a new one that can be sent to."""
    if there := _key(soap, name):
        return there
    key = str(uuid5(NAMESPACE_URL, f"perennial/{name}"))
    definition = (
        '<Objects xsi:type="DataExtension">'
        f"<CustomerKey>{key}</CustomerKey><Name>{escape(named(name))}</Name>"
        f"<Description>{escape(name[:200])}</Description><IsSendable>true</IsSendable>"
        f"<SendableDataExtensionField><Name>{EMAIL}</Name></SendableDataExtensionField>"
        "<SendableSubscriberField><Name>Subscriber Key</Name></SendableSubscriberField>"
        f"<Fields>{KEY}</Fields></Objects>"
    )
    try:
        _perform(soap, "Create", definition)
    except RefusedError:
        # It is refused as well where it was made before, and the answer was lost.
        if _key(soap, name) != key:
            raise
    return key


def _key(soap: SoapClient, name: str) -> str | None:
    found = soap.retrieve("DataExtension", ["CustomerKey", "Name"], "Name", [named(name)])
    return next((each["CustomerKey"] for each in found), None)


def widen(soap: SoapClient, key: str, fields: Mapping[str, FieldKind]) -> None:
    """Add the columns that a data extension does not have yet."""
    found = soap.retrieve("DataExtensionField", ["Name"], "DataExtension.CustomerKey", [key])
    known = {each["Name"].lower() for each in found}
    if not known:
        raise ListGoneError(f"{TITLE} has no data extension {key}")
    new = "".join(
        f"<Field><Name>{name}</Name>{TYPES[kind]}</Field>"
        for name, kind in fields.items()
        if name.lower() not in known
    )
    if new:
        _perform(
            soap, "Update",
            f'<Objects xsi:type="DataExtension"><CustomerKey>{escape(key)}</CustomerKey>'
            f"<Fields>{new}</Fields></Objects>",
        )  # fmt: skip


def take_out(soap: SoapClient, key: str, addresses: Sequence[str]) -> None:
    """Delete rows. What counts is that none is there afterwards: a row that was not is no error."""
    rows = "".join(
        f'<Objects xsi:type="DataExtensionObject"><CustomerKey>{escape(key)}</CustomerKey><Keys><Key>'
        f"<Name>{EMAIL}</Name><Value>{escape(each)}</Value></Key></Keys></Objects>"
        for each in addresses
    )
    status, results = soap.perform("Delete", rows)
    if status == "OK":
        return
    if not list(soap.retrieve("DataExtension", ["CustomerKey"], "CustomerKey", [key])):
        raise ListGoneError(f"{TITLE} has no data extension {key}")
    if left := len(list(soap.retrieve(f"DataExtensionObject[{key}]", [EMAIL], EMAIL, addresses))):
        said = next((child(each, "StatusMessage") for each in results), status)
        raise RefusedError(f"{TITLE} Delete: {left} rows are still there: {redact(said)}", 200)


def _perform(soap: SoapClient, action: str, objects: str) -> None:
    status, results = soap.perform(action, objects)
    if status != "OK":
        said = next((child(each, "StatusMessage") for each in results), "") or status
        raise RefusedError(f"{TITLE} {action} of a data extension: {redact(said)}", 200)
