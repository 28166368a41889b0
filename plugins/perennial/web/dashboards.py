"""Dashboards as documents: YAML in `include/dashboards/` in; widgets, filters and the days to show out."""

from pathlib import Path

from pydantic import ValidationInfo, model_validator

from perennial.documents import Document, load_all
from perennial.web.filters import BUILT_IN, Filter, Name
from perennial.web.guiding import catalogue_of, compiled
from perennial.web.kpis import kpis_of
from perennial.web.parameters import parameters_of
from perennial.web.periods import Period
from perennial.web.widgets import Widget


class Stage(Document):
    """One step of the round trip, as shown at the top of the overview."""

    id: Name
    """Its name on the page."""
    title: str
    """What people call it."""
    dag: str
    """The Dag that computes it: its last run's state is shown and linked."""
    about: str
    """What the figure says."""
    unit: str
    """Said after the figure."""
    sql: str
    """Returns one row: figure, day (the last day that is computed, or null)."""
    dashboard: str | None = None
    """Where the figure leads."""


class Dashboard(Document):
    """One page of widgets."""

    name: Name
    title: str
    """What people call it."""
    description: str = ""
    """Said below the title."""
    order: int = 100
    """Where it stands among the others: the least first."""
    days: str = "SELECT date_key FROM adwh_fact_profile GROUP BY date_key"
    """Returns the days that can be picked; keep it cheap, it runs with every page."""
    period: Period = 30
    """What `$from_day` reaches back to: so many days up to and with the picked one (0: everything), this or
    last month or year, or a first day."""
    dag: str | None = None
    """The Dag that computes what is shown, offered where something is missing."""
    filters: tuple[Filter, ...] = ()
    """What can be chosen above the widgets."""
    stages: tuple[Stage, ...] = ()
    """The round trip, where the dashboard shows it."""
    widgets: tuple[Widget, ...]
    """What is shown, from left to right and down."""

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
