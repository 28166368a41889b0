"""Where a dataset's rows come from, and how its text files are written: this part of its document."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from perennial.documents import Document

Format = Literal["csv", "json", "parquet"]
DAY = "{day}"
MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30


class Csv(Document):
    """The dialect of files with delimited fields."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """What stands between fields: an ASCII character."""
    quote: Annotated[str, Field(min_length=1, max_length=1)] | None = '"'
    """What encloses fields that hold delimiters or line ends; null if nothing does."""
    encoding: str = "utf-8"
    """Any of Python's text encodings, such as cp1252 or utf-16."""
    null_values: list[str] = []
    """Texts that stand for a missing value, besides an empty field."""
    decimal_comma: bool = False
    """Whether decimals are written 3,50; what could have thousands grouped by points is then unreadable."""
    skip_lines: Annotated[int, Field(ge=0)] = 0
    """Lines before the header that are no part of the table."""
    comment: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """What a line begins with that is no row."""
    header: bool = True
    """Whether the first line names the columns."""
    names: list[str] | None = None
    """The columns' names in their order, for files without a header."""

    @model_validator(mode="after")
    def _dialect_is_possible(self) -> "Csv":
        signs = {"delimiter": self.delimiter, "quote": self.quote, "comment": self.comment}
        given = {name: sign for name, sign in signs.items() if sign is not None}
        for name, sign in given.items():
            if not sign.isascii() or sign in "\r\n\0":
                raise ValueError(f"{name} is an ASCII character, and no line end; found {sign!r}")
        if len(set(given.values())) < len(given):
            raise ValueError(f"{', '.join(given)} must differ from each other")
        if self.header == (self.names is not None):
            raise ValueError("say `header: false` together with `names`, the columns' names in their order")
        if self.names is not None and len(set(self.names)) < len(self.names):
            raise ValueError("names must differ from each other")
        try:
            b"a\n".decode(self.encoding, errors="replace")
        except LookupError:
            raise ValueError(
                f"no text encoding {self.encoding!r} in Python; usual: utf-8, cp1252, utf-16"
            ) from None
        return self


class Source(Document):
    """Where the files lie: paths, globs, folders or URIs; relative ones are below the landing zone."""

    history: str | None = None
    """The files that `signals_history` takes, once."""
    daily: str | None = None
    """The files of one day; `{day}` stands for the day, as 2017-12-25."""
    first_day: date | None = None
    """The first day on which a file, or messages, come."""
    last_day: date | None = None
    """Between which days a file, or messages, come every day; a day of them without its file is an error."""
    wait_hours: Annotated[int, Field(ge=0, le=72)] = 0
    """How long a scheduled run waits for a day's file that is late, before it fails."""
    stream: bool = False
    """Whether the collector takes messages for it."""
    format: Format | None = None
    """What the files are; by the ending of their names if not given."""
    csv: Csv = Csv()
    """How text files with fields are written."""
    connection: str | None = None
    """The Airflow connection that holds the credentials of the object store."""

    def delivers(self, day: date) -> bool:
        """Whether a file of that day is to be expected."""
        return self.daily is not None and self.covers(day)

    def covers(self, day: date) -> bool:
        """Whether anything is to be expected of that day."""
        return (self.first_day or date.min) <= day <= (self.last_day or date.max)


class Limits(Document):
    """Sizes beyond which input is refused, so that one bad file cannot exhaust the machine."""

    row_bytes: Annotated[int, Field(ge=1)] = MEBIBYTE
    """A longer row is set aside, with its beginning and its size."""
    file_bytes: Annotated[int, Field(ge=1)] = 10 * GIBIBYTE
    """A file that is larger than this once it is decompressed is refused as a whole."""
