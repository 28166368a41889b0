"""The words of lineage: datasets, what is used of them, and what is made of that. Names, and never values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from perennial.audiences.definition import Audience, Consent
from perennial.bots.definition import BotDefinition
from perennial.profiles.browsing import AbandonedBrowse
from perennial.profiles.computed import ComputedAttribute
from perennial.profiles.definition import ProfileDefinition
from perennial.signals.dataset import Dataset as Signals
from perennial.value.definition import ValueDefinition
from perennial.value.lifetime.definition import LifetimeDefinition
from perennial.value.rfm.definition import RfmDefinition

Place = Literal["lake", "store", "landing", "stream", "staging", "spool", "exports", "elsewhere"]
How = Literal["identity", "transformation", "aggregation", "filter", "join", "group_by", "sort"]


@dataclass(frozen=True, order=True)
class Dataset:
    """Something that is read or written."""

    place: Place
    """Where it is; `elsewhere` has whole URIs as names."""
    name: str
    """Below that place: `events/transactions`, `insights.fact_value_by_decile`, `transactions/daily`."""


@dataclass(frozen=True, order=True)
class Use:
    """What a column of one dataset does for a column of another one, or for which rows that has."""

    dataset: Dataset
    column: str
    how: How = "identity"
    note: str = ""
    """What more there is to say, in names of documents, metrics and lookbacks."""
    masked: bool = False
    """Whether what comes out no longer tells what went in, as a digest does."""


@dataclass(frozen=True)
class Derivation:
    """How a dataset is made."""

    columns: Mapping[str, tuple[Use, ...]] = field(default_factory=dict)
    """Of the columns of which it is known, what each comes from."""
    rows: tuple[Use, ...] = ()
    """What decides which rows there are: what they are filtered, joined and grouped by."""
    also: frozenset[Dataset] = frozenset()
    """What is read beside, where it is not known which columns."""

    @property
    def inputs(self) -> frozenset[Dataset]:
        """All that it is made from."""
        every = [*self.rows, *(use for uses in self.columns.values() for use in uses)]
        return self.also | {use.dataset for use in every}


class Documents(Protocol):
    """The documents of a deployment, by kind and name."""

    @property
    def datasets(self) -> Mapping[str, Signals]: ...
    @property
    def value(self) -> Mapping[str, ValueDefinition]: ...
    @property
    def rfm(self) -> Mapping[str, RfmDefinition]: ...
    @property
    def lifetime(self) -> Mapping[str, LifetimeDefinition]: ...
    @property
    def bots(self) -> Mapping[str, BotDefinition]: ...
    @property
    def browsing(self) -> Mapping[str, AbandonedBrowse]: ...
    @property
    def computed(self) -> Mapping[str, ComputedAttribute]: ...
    @property
    def profiles(self) -> Mapping[str, ProfileDefinition]: ...
    @property
    def policy(self) -> ProfileDefinition: ...
    @property
    def audiences(self) -> Mapping[str, Audience]: ...
    @property
    def consents(self) -> Mapping[str, Consent]: ...


def lake(name: str) -> Dataset:
    """A table of the lake."""
    return Dataset("lake", name)


MAPPING, MARKS = lake("identity/mapping"), lake("bots/marks")
MEMBERSHIP = lake("audiences/membership")
PERSON = "person_id"


def table_of(documents: Documents, dataset: str) -> Dataset:
    """The lake's table of a dataset of signals."""
    known = documents.datasets.get(dataset)
    return lake(f"{'records' if known is not None and known.kind == 'record' else 'events'}/{dataset}")


def profiles_of(documents: Documents, policy: str | None = None) -> Dataset:
    """The profiles of a merge policy, or of the default one."""
    default = documents.policy.name
    return lake(f"profiles/{'snapshot' if policy in (None, default) else policy}")


def used(
    dataset: Dataset, columns: Iterable[str], how: How, note: str = "", masked: bool = False
) -> tuple[Use, ...]:
    """Several columns of one dataset that do the same."""
    return tuple(Use(dataset, column, how, note, masked) for column in sorted({*columns}))


def whose(documents: Documents, dataset: str) -> tuple[Use, ...]:
    """What tells whose a row of a dataset is: the columns with identities, and who is who."""
    source = table_of(documents, dataset)
    known = documents.datasets.get(dataset)
    named = [each.column for each in known.identities] if known is not None else []
    return (*used(source, named, "transformation"), Use(MAPPING, PERSON, "identity"))


def left_out(documents: Documents, dataset: str) -> Iterator[Use]:
    """By what rows of a dataset are left out as those of bots."""
    known = documents.datasets.get(dataset)
    namespaces = {each.namespace for each in known.identities} if known is not None else set()
    for each in documents.bots.values():
        looked_at = documents.datasets.get(each.dataset)
        named = looked_at.identities if looked_at is not None else []
        if namespaces & {one.namespace for one in named if one.column == each.visitor}:
            yield Use(MARKS, "value", "filter", "bots are left out")
            return
