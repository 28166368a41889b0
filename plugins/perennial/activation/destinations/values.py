"""Mapped values, which are text, in; values as JSON has them, and what is no address, out."""

import re
from collections.abc import Sequence

from perennial.activation.destinations.base import BatchRefusedError, FieldKind, Row

ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
LONGEST = 254
"""Characters of an address that can be delivered to."""


def typed(value: str | None, kind: FieldKind) -> str | int | float | None:
    """Numbers as numbers, everything else as it is; dates are `2017-12-31`.

    A default that is no number stays text, for the provider to refuse by name.
    """
    if value is None or kind != "number":
        return value
    for number in (int, float):
        try:
            return number(value)
        except ValueError:
            continue
    return value


def is_address(key: str) -> bool:
    """Whether a key can be an address."""
    return ADDRESS.fullmatch(key) is not None and len(key) <= LONGEST


def refuse_bad_addresses(rows: Sequence[Row]) -> None:
    """For providers that refuse a whole request because of one: raises `BatchRefusedError` with the rows."""
    if bad := {
        number: "the address is not valid" for number, row in enumerate(rows) if not is_address(row.key)
    }:
        raise BatchRefusedError(f"{len(bad)} of {len(rows)} rows cannot be sent", bad)
