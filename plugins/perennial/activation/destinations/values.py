"""Mapped values, which are text, in; values as JSON has them, out."""

from perennial.activation.destinations.base import FieldKind


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
