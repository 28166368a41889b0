"""Dashboards as documents: YAML in `include/dashboards/` in, typed widgets out.

A widget is a query plus the roles of its columns (x, y, colour, label); `charts.py` knows how that is drawn.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from perennial.documents import Document, load_all
from perennial.insights.guided import Query
from perennial.web.filters import BUILT_IN, Filter, Name
from perennial.web.formats import Format
from perennial.web.guiding import catalogue_of, compiled, with_roles
from perennial.web.kpis import KpiReference, kpis_of, sql_of
from perennial.web.parameters import parameters_of
from perennial.web.periods import Period


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
    Mark.NUMBER: ("y",),
    Mark.TABLE: (),
    Mark.TEXT: (),
}


class Encoding(Document):
    """The role of one result column: which column, and how its values read."""

    column: Name
    title: str | None = None
    type: Literal["quantitative", "ordinal", "nominal", "temporal"] | None = None
    format: Format | None = None
    sort: Literal["ascending", "descending", "x", "-x", "y", "-y", "none"] | list[str] | None = None

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
    title: str = ""
    """What the link says; by default what the dashboard is called in its address."""
    filters: dict[Name, Name] = {}
    """Its filters by the columns of this widget that they take their values of; without any, all that was
    picked is passed by the names of its columns."""


class Widget(Document):
    """One tile of a dashboard: a query over the store, and how to show its result.

    The roles of a guided `query` are those of the widget, which says no more of them than how they read.
    It is compiled by `context["catalogue"]()`, or else by the catalogue of this deployment.
    """

    id: Name
    title: Annotated[str, Field(min_length=1)]
    subtitle: str = ""
    width: Annotated[int, Field(ge=1, le=12)] = 6
    """Columns of the 12-column grid."""
    height: Literal["small", "medium", "large", "auto"] = "medium"
    """Of what is drawn; `auto` is as tall as a table's rows, up to large."""
    mark: Mark
    sql: Annotated[str, Field(min_length=1)] = ""
    """A SELECT over the store's schema `insights`; `$day`, `$from_day` and the filters are bound."""
    query: Query | None = None
    """Instead of `sql`, which is then what this is compiled to."""
    text: Annotated[str, Field(max_length=20_000)] = ""
    """Of a text: what stands below its title, in Markdown."""
    kpi: str | KpiReference | None = None
    """Instead of `sql`: a KPI of the library, whose SQL is taken over."""
    x: Channel | None = None
    y: Channel | None = None
    color: Channel | None = None
    size: Channel | None = None
    """Of a scatter's points."""
    label: Channel | None = None
    """Text drawn at each bar, cell or point."""
    columns: tuple[Channel, ...] = ()
    """Of a table: which columns, in which order; all of them when empty."""
    stack: Literal["stack", "normalize", "group", "none"] = "stack"
    legend: Literal["top", "right", "bottom", "left", "none"] | None = None
    """Where the colours are explained; by default where the mark has most room for it."""
    unit: str = ""
    """Said after a number: households, e-mails."""
    previous: Name | None = None
    """Of a number: the column that it is compared with."""
    previous_label: str = "before"
    better: Literal["higher", "lower", "neutral"] = "neutral"
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

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """Every column that has a role, each once, in reading order."""
        roles = (self.x, self.color, self.y, self.size, self.label, *self.columns)
        return tuple({role.column: role for role in reversed(roles) if role is not None}.values())[::-1]


class Stage(Document):
    """One step of the round trip, as shown at the top of the overview."""

    id: Name
    title: str
    dag: str
    """The Dag that computes it: its last run's state is shown and linked."""
    about: str
    unit: str
    sql: str
    """Returns one row: figure, day (the last day that is computed, or null)."""
    dashboard: str | None = None
    """Where the figure leads."""


class Dashboard(Document):
    """One page of widgets."""

    name: Name
    title: str
    description: str = ""
    order: int = 100
    days: str = "SELECT date_key FROM adwh_fact_profile GROUP BY date_key"
    """Returns the days that can be picked; keep it cheap, it runs with every page."""
    period: Period = 30
    """What `$from_day` reaches back to: so many days up to and with the picked one (0: everything), this or
    last month or year, or a first day."""
    dag: str | None = None
    """The Dag that computes what is shown, offered where something is missing."""
    filters: tuple[Filter, ...] = ()
    stages: tuple[Stage, ...] = ()
    widgets: tuple[Widget, ...]

    @model_validator(mode="after")
    def _several(self, info: ValidationInfo) -> "Dashboard":
        """Questions are asked for as many values as their filters take."""
        lists = frozenset(one.name for one in self.filters if one.multiple)
        for widget in self.widgets:
            if widget.query and lists & {condition.filter for condition in widget.query.filters}:
                object.__setattr__(widget, "sql", compiled(widget.query, info.context, lists))
        return self

    @model_validator(mode="after")
    def _consistent(self) -> "Dashboard":
        ids = [widget.id for widget in self.widgets]
        if doubled := {identifier for identifier in ids if ids.count(identifier) > 1}:
            raise ValueError(f"widget ids must differ: {', '.join(sorted(doubled))}")
        known = BUILT_IN | {filter_.name for filter_ in self.filters}
        for widget in self.widgets:
            if unknown := parameters_of(widget.sql) - known:
                used, allowed = (
                    ", ".join(f"${name}" for name in sorted(names)) for names in (unknown, known)
                )
                raise ValueError(f"widget {widget.id} uses {used}; known: {allowed}")
        return self

    @property
    def uses_period(self) -> bool:
        """Whether a period can be picked: some widget looks back from the day."""
        return any("from_day" in parameters_of(widget.sql) for widget in self.widgets)

    def widget(self, identifier: str) -> Widget | None:
        """The widget of this id, if there is one."""
        return next((widget for widget in self.widgets if widget.id == identifier), None)


def load_dashboards(include: Path) -> dict[str, Dashboard]:
    """Read all dashboards of a deployment, by name, in the order in which they are offered."""
    context = {"catalogue": catalogue_of(include), "kpis": kpis_of(include)}
    found = load_all(include / "dashboards", Dashboard, **context)
    return dict(sorted(found.items(), key=lambda item: (item[1].order, item[0])))
