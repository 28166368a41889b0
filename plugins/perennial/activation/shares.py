"""The key `holdout` of documents: how many of those who qualify are sent nothing; `holdout.py` says who."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from perennial.documents import Document

_PERCENT = re.compile(r"(\d{1,2}(?:\.\d+)?)\s*%")


def _percent(text: str) -> str:
    found = _PERCENT.fullmatch(text.strip())
    if found is None or not Decimal(found[1]):
        raise ValueError("expected more than 0 and less than 100 percent, such as 10%")
    return text


class Holdout(Document):
    """How many are held out, and what is noted of everybody when they qualify."""

    share: Annotated[str, AfterValidator(_percent)]
    """Of those who qualify: `10%`."""
    decile: str | None = None
    """A column of the profile with a decile: that of the day on which somebody qualifies is recorded."""

    @property
    def fraction(self) -> float:
        return float(Decimal(self.share.strip().rstrip("%").strip()) / 100)


def _short_form(value: Any) -> Any:
    return {"share": value} if isinstance(value, str) else value


HoldoutField = Annotated[Holdout, BeforeValidator(_short_form, json_schema_input_type=str | Holdout)]
