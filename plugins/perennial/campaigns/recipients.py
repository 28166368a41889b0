"""Members and profiles in; to whom a campaign goes, one row for each address, out."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from perennial.activation.definition import Source
from perennial.activation.desired import picked
from perennial.campaigns.definition import Campaign
from perennial.errors import TerminalError
from perennial.identity.values import address, sha256

PLAIN = r"^[!-~&&[^@<>,;\"()\[\]\\:]]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+$"
"""What can be an address that any mail server takes; others are counted among those without one."""
LONGEST = 254


class FieldError(TerminalError):
    """A field names something that profiles do not have, or that has no single value."""


@dataclass(frozen=True)
class Recipients:
    """The people of a campaign, as of a day."""

    rows: pl.DataFrame
    """person_id, email, email_sha256 (unique), audience, and a column `field:<name>` for each field."""
    without_address: int
    """Members whose profile has no address."""
    shared_address: int
    """People who share their address with a person of a smaller id, who gets the e-mail."""


def recipients(campaign: Campaign, members: pl.LazyFrame, profiles: pl.LazyFrame) -> Recipients:
    """Join `members` (audience, person_id) with `profiles` (person_id, attributes) as the campaign says."""
    schema = profiles.collect_schema()
    if campaign.key not in schema:
        raise FieldError(f"campaign {campaign.name}: key: the profile has no column {campaign.key}")
    fields = [_value(campaign, name, source, schema) for name, source in campaign.fields.items()]
    reach = profiles.select("person_id", *fields, email=email_of(campaign))
    joined = as_first(campaign, members).join(reach, on="person_id", how="left").collect()
    reachable = joined.filter(pl.col("email").is_not_null()).sort("person_id")
    rows = reachable.unique("email", keep="first", maintain_order=True).with_columns(
        sha256(pl.col("email")).alias("email_sha256")
    )
    return Recipients(
        rows=rows,
        without_address=joined.height - reachable.height,
        shared_address=reachable.height - rows.height,
    )


def as_first(campaign: Campaign, members: pl.LazyFrame) -> pl.LazyFrame:
    """Of `members` (audience, person_id) each person once, in the first of the campaign's audiences."""
    order = pl.col("audience").replace_strict(
        {name: number for number, name in enumerate(campaign.audiences)}, return_dtype=pl.Int64, default=None
    )
    wanted = members.select("audience", "person_id", order.alias("__order")).drop_nulls("__order")
    return wanted.sort("__order").unique("person_id", keep="first", maintain_order=True).drop("__order")


def email_of(campaign: Campaign) -> pl.Expr:
    """The profile's address, null where no mail server would take it."""
    email = address(pl.col(campaign.key))
    return pl.when(email.str.contains(PLAIN) & (email.str.len_bytes() <= LONGEST)).then(email)


def values(row: dict[str, Any]) -> dict[str, Any]:
    """What the templates know of a row's person."""
    return {name.removeprefix("field:"): value for name, value in row.items() if name.startswith("field:")}


def _value(campaign: Campaign, name: str, source: Source, schema: pl.Schema) -> pl.Expr:
    where = f"campaign {campaign.name}: fields: {name}"
    dtype: Any = schema.get(source.attribute)
    if dtype is None:
        raise FieldError(
            f"{where}: the profile has no column {source.attribute}; it has {', '.join(sorted(schema))}"
        )
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        if source.key is None:
            raise FieldError(
                f"{where}: {source.attribute} is a map, and a field is a single value; add a key"
            )
        dtype = dtype.inner.to_schema()["value"]
    elif source.key is not None:
        raise FieldError(f"{where}: {source.attribute} is no map; take the key {source.key!r} away")
    if isinstance(dtype, pl.List | pl.Struct | pl.Array):
        raise FieldError(f"{where}: a field is a single value, found {dtype}")
    value = picked(source)
    if source.default is not None:
        try:
            value = value.fill_null(pl.lit(pl.Series([source.default]).cast(dtype, strict=True).item()))
        except pl.exceptions.PolarsError:
            raise FieldError(f"{where}: the default {source.default!r} is no {dtype}") from None
    return value.alias(f"field:{name}")
