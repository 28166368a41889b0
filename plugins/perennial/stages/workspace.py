"""The documents and the lake of one deployment, read when they are first asked for."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from perennial.audiences.definition import Audience, Consent
from perennial.bots.definition import BotDefinition
from perennial.bots.marks import without
from perennial.documents import Document, DocumentError, load_all, load_kinds
from perennial.identity.namespace import Namespace
from perennial.lake.catalog import Lake
from perennial.lake.tables import Table
from perennial.profiles.browsing import AbandonedBrowse
from perennial.profiles.computed import ComputedAttribute
from perennial.profiles.definition import ProfileDefinition
from perennial.settings import Settings
from perennial.signals.dataset import Dataset
from perennial.signals.once import once
from perennial.value.definition import ValueDefinition
from perennial.value.lifetime.definition import LifetimeDefinition
from perennial.value.rfm.definition import RfmDefinition

if TYPE_CHECKING:
    from perennial.signals.intake import Intake

VALUE_KINDS: dict[str, type[Document]] = {
    "deciles": ValueDefinition,
    "rfm": RfmDefinition,
    "lifetime": LifetimeDefinition,
}
"""The kinds of documents in `include/value`."""


@dataclass(frozen=True)
class Workspace:
    """What every stage works with."""

    settings: Settings

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.settings.lake)

    @cached_property
    def datasets(self) -> dict[str, Dataset]:
        return load_all(self.settings.include / "datasets", Dataset)

    @cached_property
    def namespaces(self) -> dict[str, Namespace]:
        return load_all(self.settings.include / "namespaces", Namespace)

    @cached_property
    def value(self) -> dict[str, ValueDefinition]:
        return {name: each for name, each in self._value.items() if isinstance(each, ValueDefinition)}

    @cached_property
    def rfm(self) -> dict[str, RfmDefinition]:
        return {name: each for name, each in self._value.items() if isinstance(each, RfmDefinition)}

    @cached_property
    def lifetime(self) -> dict[str, LifetimeDefinition]:
        return {name: each for name, each in self._value.items() if isinstance(each, LifetimeDefinition)}

    @cached_property
    def _value(self) -> dict[str, Document]:
        return load_kinds(self.settings.include / "value", VALUE_KINDS, default="deciles")

    @cached_property
    def bots(self) -> dict[str, BotDefinition]:
        return load_all(self.settings.include / "bots", BotDefinition)

    @cached_property
    def browsing(self) -> dict[str, AbandonedBrowse]:
        return load_all(self.settings.include / "browsing", AbandonedBrowse)

    @cached_property
    def computed(self) -> dict[str, ComputedAttribute]:
        return load_all(self.settings.include / "computed", ComputedAttribute)

    @cached_property
    def profiles(self) -> dict[str, ProfileDefinition]:
        return load_all(self.settings.include / "profiles", ProfileDefinition)

    @property
    def policy(self) -> ProfileDefinition:
        """The merge policy that audiences, insights and activations use."""
        found = [each for each in self.profiles.values() if each.default or len(self.profiles) == 1]
        if len(found) != 1:
            raise DocumentError(
                f"{self.settings.include}/profiles: expected one document, or several of which one says "
                f"`default: true`; found {[*self.profiles]}"
            )
        return found[0]

    @cached_property
    def consents(self) -> dict[str, Consent]:
        return load_all(self.settings.include / "consent", Consent)

    @cached_property
    def audiences(self) -> dict[str, Audience]:
        return load_all(self.settings.include / "audiences", Audience)

    def table(self, dataset: str) -> Table:
        """The lake's table of a dataset."""
        event = self.dataset(dataset).kind == "event"
        return self.lake.events(dataset) if event else self.lake.records(dataset)

    def rows(self, dataset: str) -> pl.LazyFrame:
        """A dataset's rows in the lake that are no bots', each purchase counted once where the document says
        so.
        """
        return once(self.without_bots(dataset, self.table(dataset).scan()), self.dataset(dataset))

    def without_bots(self, dataset: str, rows: pl.LazyFrame) -> pl.LazyFrame:
        """These rows of a dataset but those of visitors that are marked as bots now."""
        if self.lake.bot_marks.version() < 0:
            return rows
        schema, marks = rows.collect_schema(), self.lake.bot_marks.scan().collect()
        named = {i.column: i.namespace for i in self.dataset(dataset).identities if i.column in schema}
        known = {column: self.namespaces[name] for column, name in named.items() if name in self.namespaces}
        return without(rows, known, marks)

    def refuse_on_spark(self, where: str, dataset: str) -> None:
        """Raise `DocumentError` where bots have to be left out of a dataset that is read on a cluster."""
        named = {each.namespace for each in self.dataset(dataset).identities}
        for each in self.bots.values():
            visitors = {
                i.namespace for i in self.dataset(each.dataset).identities if i.column == each.visitor
            }
            if named & visitors:
                raise DocumentError(
                    f"{where}: engine: spark would count bots, which bots {each.name} leaves out of "
                    f"{dataset}; say engine: polars"
                )

    def purchases(self, dataset: str) -> pl.LazyFrame:
        """A dataset's rows as customers are ranked by them: records are of no day, whatever they name."""
        rows = self.rows(dataset)
        return rows if self.dataset(dataset).kind == "event" else rows.drop("event_time", strict=False)

    def intake(self, now: datetime) -> "Intake":
        """Where batches are taken into."""
        # Only stages that ingest pay for the validation's import.
        from perennial.signals.intake import Intake

        return Intake(self.lake, self.settings.index, now)

    def dataset(self, name: str) -> Dataset:
        """A dataset's document; raises `DocumentError` where another document names one that is not there."""
        if name not in self.datasets:
            raise DocumentError(f"no dataset {name}; {self.settings.include}/datasets has {[*self.datasets]}")
        return self.datasets[name]
