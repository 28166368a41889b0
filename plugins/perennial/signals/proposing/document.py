"""The fields of a file with their values in; a dataset's document, and what in it was guessed, out."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from perennial.signals.proposing import roles
from perennial.signals.proposing.naming import column_names, in_expression
from perennial.signals.proposing.typing import column_of, nothings, other_readings, writes_commas

EVENT_TIME = "event_time"
ORDER = ("type", "source", "expression", "format", "scale", "required")


@dataclass
class Proposal:
    """The content of a document, and by its keys and columns what a person should look at."""

    content: dict[str, Any]
    doubts: dict[str, str] = field(default_factory=dict)


def propose(title: str, fields: pl.DataFrame, source: dict[str, Any]) -> Proposal:
    """A document for rows like these: `fields` has those of the file, as text or with types of their own."""
    csv = dict(source.get("csv", {}))
    if nothing := nothings(fields):
        csv["null_values"] = nothing
        text = pl.col(pl.String)
        fields = fields.with_columns(pl.when(~text.is_in(nothing)).then(text).name.keep())
    if csv.get("delimiter", ",") != "," and writes_commas(fields):
        csv["decimal_comma"] = True
    commas = bool(csv.get("decimal_comma"))
    table = _Table.of(fields, {name: column_of(fields[name], commas) for name in fields.columns})
    doubts: dict[str, str] = {}
    owners = roles.people(table.columns)
    kind = "event" if table.moment else "record"
    content: dict[str, Any] = {"title": title, "kind": kind, "source": source | ({"csv": csv} if csv else {})}
    content["key"], doubts["key"] = table.key(kind, list(owners))
    if owners:
        content["identities"] = [{"column": name, "namespace": space} for name, space in owners.items()]
        doubts["identities"] = "by the names of the columns"
    else:
        doubts["kind"] = "no column is named like a person's number: say `identities` if one is"
    content["columns"] = {name: table.written(name, name in owners) for name in table.columns}
    if table.moment:
        doubts[EVENT_TIME] = table.doubt_of_moment()
    return Proposal(content, doubts)


@dataclass(frozen=True)
class _Table:
    """A file's columns by the names that they get: what reads them, their values, their fields."""

    columns: dict[str, dict[str, Any]]
    frame: pl.DataFrame
    sources: dict[str, str]
    moment: str | None
    """The field that says when it happened; its column is `event_time`. None where rows are no events."""

    @classmethod
    def of(cls, fields: pl.DataFrame, read: dict[str, dict[str, Any]]) -> "_Table":
        names = column_names(fields.columns)
        columns = {ours: read[theirs] for theirs, ours in names.items()}
        frame = fields.rename(names)
        moment = None
        if not roles.one_row_each(columns, frame, list(roles.people(columns))):
            when = roles.moment(columns, frame)
            moment = next((theirs for theirs, ours in names.items() if ours == when), None)
        if moment is not None:
            names = column_names(fields.columns, {moment: EVENT_TIME})
        return cls(
            {ours: read[theirs] for theirs, ours in names.items()},
            fields.rename(names),
            {ours: theirs for theirs, ours in names.items()},
            moment,
        )

    def key(self, kind: str, owners: list[str]) -> tuple[list[str], str]:
        """The columns that tell rows apart, and how sure that is."""
        found = roles.key(self.columns, self.frame, kind, owners)
        if found is not None:
            return found, f"no two of the {self.frame.height:,} rows that were looked at have the same"
        every = [name for name in self.columns if not self.frame[name].has_nulls()]
        return every, "rows that are equal in all of these count once; does nothing number them?"

    def written(self, name: str, is_owner: bool) -> dict[str, Any]:
        """A column as the document has it."""
        source, values, column = self.sources[name], self.frame[name], dict(self.columns[name])
        if is_owner:
            column["type"] = "string"
            if values.dtype.is_float():
                column["expression"] = f"text(round({in_expression(source)}))"
        if name == EVENT_TIME and column["type"] == "date":
            column["type"] = "timestamp"
            if values.dtype == pl.String:
                # A day is its midnight.
                form = column.pop("format", "%Y-%m-%d")
                column["expression"] = f"timestamp({in_expression(source)}, '{form}')"
        if "expression" not in column and source != name:
            column["source"] = source
        if not values.has_nulls() and len(values):
            column["required"] = True
        return {key: column[key] for key in ORDER if key in column}

    def doubt_of_moment(self) -> str:
        """What the file cannot tell of when it happened."""
        values, column = self.frame[EVENT_TIME], self.columns[EVENT_TIME]
        said = [f"it could as well be {form}" for form in other_readings(values, column)]
        others = [
            name for name, each in self.columns.items()
            if name != EVENT_TIME and each["type"] in ("date", "timestamp")
        ]  # fmt: skip
        if others:
            said.append(f"or does {' or '.join(others)} say when it happened?")
        if "z" not in column.get("format", "").partition("%#")[2]:
            said.append("in UTC, unless you say `timezone: Europe/Berlin`")
        return "; ".join(said)
