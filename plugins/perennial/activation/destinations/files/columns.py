"""A mapping and the profiles in; a file's columns in their order, and where their values come from, out."""

from dataclasses import dataclass

import polars as pl

from perennial.activation.definition import Activation
from perennial.activation.desired import kind_of, picked
from perennial.activation.destinations.files.definition import STATUS
from perennial.errors import TerminalError


@dataclass(frozen=True)
class Columns:
    """What stands in a file's columns."""

    headers: dict[str, str]
    """The file's column: `key`, `status`, or a column of `values`."""
    values: list[pl.Expr]
    """The other columns of the profiles, each under a name of its own."""

    @property
    def names(self) -> list[str]:
        """The names of the values."""
        return [name for name in self.headers.values() if name not in ("key", "status")]


def columns(activation: Activation, profiles: pl.Schema) -> Columns:
    """The columns in the mapping's order; a key that is not mapped is the first, a status the last."""
    where = f"activation {activation.name}"
    if activation.key not in profiles:
        raise TerminalError(
            f"{where}: key: the profile has no column {activation.key}; it has {', '.join(sorted(profiles))}"
        )
    headers: dict[str, str] = {}
    values: list[pl.Expr] = []
    for target, source in activation.mapping.items():
        if source.attribute == STATUS:
            headers[target] = "status"
        elif source.attribute == activation.key and source.key is None:
            headers[target] = "key"
        else:
            kind = kind_of(activation, source, profiles)
            value = picked(source)
            if kind == "date":
                value = value.cast(pl.Date)
            if source.default is not None:
                value = _filled(value, source.default, is_number=kind == "number")
            headers[target] = f"value_{len(values)}"
            values.append(value.alias(headers[target]))
    if "key" not in headers.values():
        headers = {_free(header(activation.key), headers, activation): "key", **headers}
    if activation.mode == "incremental" and "status" not in headers.values():
        headers[_free("status", headers, activation)] = "status"
    lower = [name.lower() for name in headers]
    if alike := sorted(name for name in headers if lower.count(name.lower()) > 1):
        raise TerminalError(f"{where}: mapping: {', '.join(alike)} differ by capital letters alone")
    return Columns(headers, values)


def key(activation: Activation) -> pl.Expr:
    """By what the receiver knows a person: an address in lower case, anything else as it is; or null."""
    text = pl.col(activation.key).cast(pl.String).str.strip_chars()
    known = pl.when(text != "").then(text)
    return pl.when(text.str.contains("@", literal=True)).then(known.str.to_lowercase()).otherwise(known)


def header(attribute: str) -> str:
    """An attribute's name as that of a column: dots become underscores."""
    return attribute.replace(".", "_")


def _filled(value: pl.Expr, default: str | int | float, is_number: bool) -> pl.Expr:
    if is_number and not isinstance(default, str):
        return value.fill_null(pl.lit(default))
    return value.cast(pl.String).fill_null(pl.lit(str(default)))


def _free(name: str, taken: dict[str, str], activation: Activation) -> str:
    if name in taken:
        raise TerminalError(
            f"activation {activation.name}: mapping: {name} is a column that is there anyway; call this one"
            f" otherwise, or map {activation.key if name != 'status' else STATUS} to a column of another name"
        )
    return name
