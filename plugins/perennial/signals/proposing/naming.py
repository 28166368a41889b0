"""What a file calls its fields in; names for columns out."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from perennial.signals.dataset import RESERVED

PLAIN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def column_names(fields: Sequence[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """A name for each field: small letters, digits and underscores; none twice, none that the lake has.

    The fields in `given` have their names already, and come first.
    """
    names = dict(given or {})
    for each in (name for name in fields if name not in names):
        ascii_only = unicodedata.normalize("NFKD", each).encode("ascii", "ignore").decode()
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", ascii_only)
        stem = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") or "column"
        stem = f"column_{stem}" if stem[0].isdigit() else stem
        name, number = stem, 2
        while name in RESERVED or name in names.values():
            name, number = f"{stem}_{number}", number + 1
        names[each] = name
    return names


def in_expression(field: str) -> str:
    """How an expression writes a field."""
    return field if PLAIN.fullmatch(field) else f"`{field}`"
