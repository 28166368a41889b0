"""Widgets as documents: a query and the roles of its columns (x, y, colour, label) in, checked, out.

`charts.py` knows how each mark is drawn.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from perennial.documents import Document
from perennial.insights.guided import Query
from perennial.web.filters import Name
from perennial.web.formats import Format
from perennial.web.guiding import compiled, with_roles
from perennial.web.kpis import KpiReference, sql_of


class Mark(StrEnum):
    """What a widget draws."""

    BAR = "bar"
    LINE = "line"
    AREA = "area"
    POINT = "point"
    TICK = "tick"
    DONUT = "donut"
    HEATMAP = "heatmap"
    HISTOGRAM = "histogram"
    BOX = "box"
    SCATTER = "scatter"
    FUNNEL = "funnel"
    COHORT = "cohort"
    INTERVAL = "interval"
    NUMBER = "number"
    TABLE = "table"
    TEXT = "text"


REQUIRED: dict[Mark, tuple[str, ...]] = {
    **dict.fromkeys((Mark.BAR, Mark.LINE, Mark.AREA, Mark.POINT, Mark.TICK), ("x", "y")),
    Mark.DONUT: ("y", "color"),
    Mark.HEATMAP: ("x", "y", "color"),
    Mark.HISTOGRAM: ("x",),
    Mark.BOX: ("y",),
    **dict.fromkeys((Mark.SCATTER, Mark.FUNNEL), ("x", "y")),
    Mark.COHORT: ("x", "y", "color"),
    Mark.INTERVAL: ("x", "y", "low", "high"),
    Mark.NUMBER: ("y",),
    Mark.TABLE: (),
    Mark.TEXT: (),
}


RULED = frozenset(
    {Mark.BAR, Mark.LINE, Mark.AREA, Mark.POINT, Mark.TICK, Mark.SCATTER, Mark.HISTOGRAM, Mark.BOX}
)
"""Marks with axes that a line can be drawn across."""


class Encoding(Document):
    """The role of one result column: which column, and how its values read."""

    column: Name
    """A column of the result."""
    title: str | None = None
    """What it is called; by default its name as words."""
    type: Literal["quantitative", "ordinal", "nominal", "temporal"] | None = None
    """How it is drawn; by default as its values suggest."""
    format: Format | None = None
    """How its numbers read."""
    sort: Literal["ascending", "descending", "x", "-x", "y", "-y", "none"] | list[str] | None = None
    """In which order: its own, that of another role, none, or these values."""

    @property
    def words(self) -> str:
        """What the column is called in tooltips and tables: the title, or its name as words."""
        return self.title or self.column.replace("_", " ").capitalize()

    @property
    def heading(self) -> str:
        """What stands at an axis or a legend: the same, and nothing where the title is empty."""
        return self.words if self.title is None else self.title


def _from_name(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Channel = Annotated[Encoding, BeforeValidator(_from_name)]


class Drill(Document):
    """Another dashboard, which is opened with the day, the period, the filters and what was picked."""

    dashboard: Name
    """Its name."""
    title: str = ""
    """What the link says; by default what the dashboard is called in its address."""
    filters: dict[Name, Name] | None = None
    """Its filters by the columns of this widget that they take their values of, of which there may be none;
    left away, all that was picked is passed by the names of its columns."""


class Line(Document):
    """A line across a chart that its marks are measured by, such as an aim."""

    value: float | date
    """Where: a number, or a day."""
    label: Annotated[str, Field(max_length=80)] = ""
    """What it says of itself, in the chart and to those who hear it."""
    axis: Literal["x", "y"] = "y"
    """Which axis the value is on."""


class Widget(Document):
    """One tile of a dashboard: a query over the store, and how to show its result.

    The roles of a guided `query` are those of the widget, which says no more of them than how they read.
    It is compiled by `context["catalogue"]()`, or else by the catalogue of this deployment.
    """

    id: Name
    """Its name on the page."""
    title: Annotated[str, Field(min_length=1)]
    """What stands above it."""
    subtitle: str = ""
    """And below that."""
    width: Annotated[int, Field(ge=1, le=12)] = 6
    """Columns of the 12-column grid."""
    height: Literal["small", "medium", "large", "auto"] = "medium"
    """Of what is drawn; `auto` is as tall as a table's rows, up to large."""
    mark: Mark
    """What is drawn."""
    sql: Annotated[str, Field(min_length=1)] = ""
    """A SELECT over the store's schema `insights`; `$day`, `$from_day` and the filters are bound."""
    query: Query | None = None
    """Instead of `sql`, which is then what this is compiled to."""
    text: Annotated[str, Field(max_length=20_000)] = ""
    """Of a text: what stands below its title, in Markdown."""
    kpi: str | KpiReference | None = None
    """Instead of `sql`: a KPI of the library, whose SQL is taken over."""
    x: Channel | None = None
    """From left to right."""
    y: Channel | None = None
    """From bottom to top; of a number, its figure."""
    color: Channel | None = None
    """By what colours tell apart, or how dark a cell is."""
    size: Channel | None = None
    """Of a scatter's points."""
    low: Channel | None = None
    """Where an interval begins."""
    high: Channel | None = None
    """Where an interval ends."""
    label: Channel | None = None
    """Text drawn at each bar, cell or point."""
    columns: tuple[Channel, ...] = ()
    """Of a table: which columns, in which order; all of them when empty."""
    stack: Literal["stack", "normalize", "group", "none"] = "stack"
    """Where several colours meet at one place."""
    legend: Literal["top", "right", "bottom", "left", "none"] | None = None
    """Where the colours are explained; by default where the mark has most room for it."""
    unit: str = ""
    """Said after a number: households, e-mails."""
    previous: Name | None = None
    """Of a number: the column that it is compared with."""
    previous_label: str = "before"
    """Said of what it is compared with."""
    better: Literal["higher", "lower", "neutral"] = "neutral"
    """Which direction is good, for the colour of a change."""
    lines: tuple[Line, ...] = ()
    """Of a chart with axes: what its marks are measured by."""
    picks: bool = True
    """Whether a click on one of its marks or rows filters the other widgets; else it leads on."""
    drill: Drill | None = None
    """Where it leads for more."""
    empty: str = "No rows for this day and these filters."
    """Said instead of a chart when the query returns nothing."""

    @model_validator(mode="before")
    @classmethod
    def _from_library(cls, said: Any, info: ValidationInfo) -> Any:
        if not isinstance(said, dict) or said.get("kpi") is None:
            return said
        others = {key: value for key, value in said.items() if key != "kpi"}
        return {**others, "sql": sql_of(said["kpi"], info.context)}

    @model_validator(mode="before")
    @classmethod
    def _guided(cls, said: Any) -> Any:
        return with_roles(said) if isinstance(said, dict) and said.get("query") is not None else said

    @model_validator(mode="after")
    def _asked(self, info: ValidationInfo) -> "Widget":
        if self.mark is Mark.TEXT:
            if self.sql or self.query:
                raise ValueError("a text asks for nothing: leave sql, query and kpi away")
        elif self.text:
            raise ValueError("only `mark: text` has a text")
        elif self.query is not None:
            object.__setattr__(self, "sql", compiled(self.query, info.context))
        elif not self.sql:
            raise ValueError("give sql, or a query, or a kpi")
        return self

    @model_validator(mode="after")
    def _roles(self) -> "Widget":
        missing = [role for role in REQUIRED[self.mark] if getattr(self, role) is None]
        if missing:
            raise ValueError(f"a {self.mark} needs {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _measured(self) -> "Widget":
        if self.lines and self.mark not in RULED:
            raise ValueError(f"a {self.mark} has no axes for lines; {', '.join(sorted(RULED))} have")
        return self

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """Every column that has a role, each once, in reading order."""
        roles = (self.x, self.color, self.y, self.low, self.high, self.size, self.label, *self.columns)
        return tuple({role.column: role for role in reversed(roles) if role is not None}.values())[::-1]
