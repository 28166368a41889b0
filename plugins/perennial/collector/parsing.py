"""A body in; the messages in it, each a JSON object and byte for byte what was sent, out."""

from collections.abc import Mapping

import msgspec

from perennial.collector.limits import Limits
from perennial.collector.refusals import Refused, too_large

JSON, LINES = b"application/json", b"application/x-ndjson"


class _Object(msgspec.Struct):
    """Any JSON object."""


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    messages: list[msgspec.Raw]


_OBJECT = msgspec.json.Decoder(_Object)
_BATCH = msgspec.json.Decoder(_Batch)


def one(body: bytes, headers: Mapping[bytes, bytes]) -> None:
    """Check that the body is one JSON object; `Refused` with 400 or 415 if not."""
    if _type(headers) != JSON:
        raise Refused(415, "unsupported_type", "send a message with `Content-Type: application/json`")
    _check(body, "the body")


def many(body: bytes, headers: Mapping[bytes, bytes], limits: Limits) -> list[bytes]:
    """The messages of `{"messages": [...]}`, or of lines of JSON; `Refused` unless all are objects."""
    match _type(headers):
        case b"application/json":
            messages = _array(body)
        case b"application/x-ndjson":
            messages = [line for line in body.split(b"\n") if line.strip()]
            for number, line in enumerate(messages):
                _check(line, f"message {number}")
        case _:
            raise Refused(
                415, "unsupported_type", "send messages as application/json or as application/x-ndjson"
            )
    if not messages:
        raise Refused(400, "no_messages", "the request holds no message")
    if len(messages) > limits.batch_messages:
        raise too_large("a request", limits.batch_messages, len(messages), "messages")
    for number, message in enumerate(messages):
        if len(message) > limits.message_bytes:
            raise too_large(f"a message (here message {number})", limits.message_bytes, len(message))
    return messages


def _array(body: bytes) -> list[bytes]:
    try:
        _text(body, "the body")
        messages = [bytes(raw) for raw in _BATCH.decode(body).messages]
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Refused(
            400, "not_json", f'the body is not of the form {{"messages": [{{...}}, ...]}}: {_said(error)}'
        ) from None
    for number, message in enumerate(messages):
        if not message.startswith(b"{"):
            raise Refused(400, "not_an_object", f"message {number} is not a JSON object; nothing was kept")
    return messages


def _check(text: bytes, what: str) -> None:
    _text(text, what)
    try:
        _OBJECT.decode(text)
    except msgspec.ValidationError:
        raise Refused(400, "not_an_object", f"{what} is JSON, but not an object; nothing was kept") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(400, "not_json", f"{what} is not JSON: {_said(error)}; nothing was kept") from None


def _text(text: bytes, what: str) -> None:
    if text.isascii():
        return
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise Refused(400, "not_utf8", f"{what} is not UTF-8 at byte {error.start}") from None


def _said(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _type(headers: Mapping[bytes, bytes]) -> bytes:
    """Without parameters; JSON where none is said."""
    given = headers.get(b"content-type", JSON)
    return given if given == JSON else given.partition(b";")[0].strip().lower()
