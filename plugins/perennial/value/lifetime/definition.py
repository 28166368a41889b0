"""A document of lifetime value in; what is summarised, fitted and predicted, in which units, out."""

from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from perennial.documents import Document
from perennial.errors import TerminalError
from perennial.value.lifetime.summary import PERSON, Convention


class ColumnMissing(TerminalError):
    """A document names a column that its dataset does not have."""


Days = Annotated[int, Field(ge=1)]


class LifetimeDefinition(Document):
    """Whose purchases predict what, how far ahead, and when models are fitted anew.

    `predicted_value` = discounted purchases within the horizon × spend to expect of each × `margin`.
    """

    kind: Literal["lifetime"]
    """This kind."""
    name: str
    title: str
    """What people call it."""
    description: str = ""
    """For people."""
    dataset: str
    """Events; each has an `event_time`."""
    identity: str
    """The column that says whose event it is."""
    amount: str
    """The column with the money: a decimal, or whole numbers of the minor unit. Below zero it is a refund."""
    transaction: str | None = None
    """The column that says which rows are one purchase; without it, all of a person's step are one."""
    unit_days: Days = 7
    """Days in the unit of time of the models' parameters."""
    step_days: Days = 1
    """Time is counted in whole steps."""
    model: Literal["auto", "bgnbd", "paretonbd"] = "auto"
    """Of purchases; `auto` fits both and takes the one that predicts the holdout better."""
    horizon_days: Days = 365
    """How far ahead purchases are predicted."""
    discount: Annotated[float, Field(ge=0, le=10)] = 0.10
    """Annual: at 0.10, what 1.10 in a year is worth is 1 today."""
    margin: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share of what is spent that counts as value; 1 makes it revenue."""
    calibration_days: Days = 182
    """Days of purchases that there must be before the holdout; all that there are, are used."""
    holdout_days: Days = 91
    """Days before the fit that models have to predict without having seen them."""
    refit_days: Days = 28
    """Days after which models are fitted anew."""
    tolerance: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The share by which a refit's deviance on the holdout may be above that of the model in use."""

    @cached_property
    def convention(self) -> Convention:
        """How purchases and time are counted."""
        return Convention(self.unit_days, self.step_days, "transactions" if self.transaction else "steps")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The models of purchases that are tried."""
        return ("bgnbd", "paretonbd") if self.model == "auto" else (self.model,)

    @property
    def settings(self) -> str:
        """What parameters depend on: models that were fitted under other settings say nothing here."""
        transaction = self.transaction or f"{self.step_days} days"
        return (
            f"{self.dataset}: {self.amount} by {self.identity}, a purchase is a {transaction}; "
            f"steps of {self.step_days} in units of {self.unit_days} days"
        )

    def calibration_end(self, as_of: date) -> date:
        """Where the holdout of a fit as of a day begins."""
        return as_of - timedelta(days=self.holdout_days)

    def purchases(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Rows of the dataset as the models' `summarise` takes them."""
        columns = {"identity": self.identity, "amount": self.amount, "transaction": self.transaction}
        there = rows.collect_schema().names()
        for key, column in columns.items():
            if column is not None and column not in there:
                raise ColumnMissing(
                    f"{self.name}: {key}: {self.dataset} has no column {column}; it has {', '.join(there)}"
                )
        if "event_time" not in there:
            raise ColumnMissing(f"{self.name}: dataset: {self.dataset} has no event_time: give one of events")
        transaction = {"transaction_id": pl.col(self.transaction)} if self.transaction else {}
        return rows.select(
            pl.col(self.identity).cast(pl.String).alias(PERSON),
            "event_time",
            amount=self.amount,
            **transaction,
        )
