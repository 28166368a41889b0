"""An audience that is a list of people in, what its members meet, as a rule like any other, out.

Who is on a list stands in a hidden attribute of the profiles: the moment at which they were put on it last.
So lists are evaluated, combined and left by the passing of time as all rules are.
"""

from datetime import datetime
from typing import Annotated

import polars as pl
from pydantic import AfterValidator

from perennial.audiences.rules import Condition
from perennial.audiences.values import FromNow, Span, offset
from perennial.documents import Document


def _ahead(span: str) -> str:
    if span.strip()[0] in "+-":
        raise ValueError("expected a number and a unit without a sign, such as 90 days")
    return span


class UploadedList(Document):
    """People who are named one by one, in files that are uploaded."""

    namespace: str
    """What the files name them by: a document in `include/namespaces`."""
    expires_after: Annotated[Span, AfterValidator(_ahead)] | None = None
    """How long an entry counts after it was uploaded last."""


def listed_column(audience: str) -> str:
    """The column of profiles with the moment at which a person was put on a list last; null for others."""
    return f"__listed_{audience}"


def listed(audience: str, content: UploadedList) -> Condition:
    """Whether a person is on the list, as of now."""
    column, span = listed_column(audience), content.expires_after
    if span is None:
        return Condition(attribute=column, operator="known")
    return Condition(attribute=column, operator="more_than", value=FromNow(now=f"-{span.strip()}"))


def unexpired(content: UploadedList, now: datetime) -> pl.Expr:
    """Whether an entry counts as of a moment, from the column `added_at`; as `listed` has it of people."""
    if content.expires_after is None:
        return pl.lit(True)
    moment = pl.lit(now, pl.Datetime("us", "UTC"))
    return pl.col("added_at") > moment.dt.offset_by(offset(content.expires_after, backwards=True))
