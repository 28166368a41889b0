"""A query as it is handed to the process that runs it: plain values in and out."""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from perennial.queries.limits import SHOWN, Limits

Dialect = Literal["lake", "store"]
Output = Literal["rows", "csv", "parquet"]


@dataclass(frozen=True)
class Job:
    """One statement, or block of statements, and all that is needed to run it."""

    sql: str
    dialect: Dialect = "lake"
    parameters: dict[str, Any] = field(default_factory=dict)
    limits: Limits = SHOWN
    output: Output = "rows"
    lake: str = ""
    """The lake's root."""
    macros: str = ""
    """The folder of SQL functions."""
    snapshots: dict[str, int] = field(default_factory=dict)
    """At which the lake's tables are read, by name; the others at their newest."""
    conninfo: str = field(default="", repr=False)
    """Of the store's role that reads."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it; `Job.read` takes it."""
        return {**asdict(self), "parameters": {name: _pack(value) for name, value in self.parameters.items()}}

    @classmethod
    def read(cls, values: dict[str, Any]) -> "Job":
        """The job of which these are the values."""
        parameters = {name: _unpack(value) for name, value in values["parameters"].items()}
        return cls(**{**values, "parameters": parameters, "limits": Limits(**values["limits"])})


def _pack(value: Any) -> Any:
    match value:
        case datetime():
            return {"timestamp": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case Decimal():
            return {"decimal": str(value)}
        case _:
            return value


def _unpack(value: Any) -> Any:
    match value:
        case {"timestamp": text}:
            return datetime.fromisoformat(text)
        case {"date": text}:
            return date.fromisoformat(text)
        case {"decimal": text}:
            return Decimal(text)
        case _:
            return value
