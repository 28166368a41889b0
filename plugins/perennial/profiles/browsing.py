"""A document about abandoned browsing: what is a look, what a purchase, and how long they count."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

import polars as pl
from pydantic import Field, model_validator

from perennial.documents import Document
from perennial.profiles.computed import RESERVED
from perennial.signals.expressions import ExpressionError
from perennial.signals.expressions.syntax import parse
from perennial.spans import Span, before

COLUMNS = ("product", "price", "at")
"""What becomes known of a person, each as `<name>_<column>`."""


class Looks(Document):
    """Events in which somebody looks at a product."""

    dataset: str
    """The events."""
    product: str
    """The column that says at which."""
    price: str | None = None
    """The column with the product's price, where events have it; else name `prices`."""
    where: str | None = None
    """Which of the events are looks; without it, all."""

    @model_validator(mode="after")
    def _can_be_read(self) -> "Looks":
        if self.where is not None:
            try:
                parse(self.where)
            except ExpressionError as error:
                raise ValueError(f"{self.where!r}: {error}") from None
        return self


class Purchases(Document):
    """Events in which somebody buys."""

    dataset: str
    """The events."""
    product: str | None = None
    """The column that says what; without it, whoever bought anything left nothing behind."""


class Prices(Document):
    """Records of products."""

    dataset: str
    """The records."""
    price: str
    """The column with the price; the records' key is the product."""


class AbandonedBrowse(Document):
    """People who looked at products and did not buy, and the dearest that each of them left behind."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    """What people call it."""
    description: str = ""
    """For people."""
    looks: Looks
    """What a look is."""
    purchases: Purchases
    """What a purchase is."""
    prices: Prices | None = None
    """Where prices are, if not with the looks."""
    within_last: Span = "4 days"
    """Looks and purchases of so long before the day take part."""
    unless_bought: Literal["anything", "product"] = "anything"
    """Who left nothing behind: who bought `anything` within that time, or, of each product, who bought this
    very `product` after looking at it."""

    @model_validator(mode="after")
    def _can_be_found(self) -> "AbandonedBrowse":
        if (self.looks.price is None) == (self.prices is None):
            raise ValueError("say where prices are: either looks.price, a column of the events, or prices")
        if self.unless_bought == "product" and self.purchases.product is None:
            raise ValueError("unless_bought: product needs purchases.product, the column that says what")
        if taken := {f"{self.name}_{column}" for column in COLUMNS} & RESERVED:
            raise ValueError(f"{', '.join(taken)}: profiles have an attribute of this name")
        if self.within_last.strip()[0] in "+-":
            raise ValueError("within_last: expected a number and a unit without a sign, such as 4 days")
        try:
            self.window(date(2000, 1, 1))
        except pl.exceptions.PolarsError:
            raise ValueError(f"within_last: {self.within_last} is longer than there is time") from None
        return self

    def window(self, as_of: date) -> tuple[datetime, datetime]:
        """Since when events take part as of the midnight (UTC) that begins a day, and before when."""
        end = datetime.combine(as_of, time(), UTC)
        return before(end, self.within_last), end
