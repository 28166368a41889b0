"""Events, records and value in, everyone's profile as of a day out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from perennial.documents import DocumentError
from perennial.identity.people import PERSON, names
from perennial.lake.profiles import ATTRIBUTES
from perennial.profiles.build import HELD_AT, build
from perennial.profiles.computing import compute
from perennial.profiles.definition import ProfileDefinition
from perennial.stages.browsing import attributes_left_behind
from perennial.stages.value import history
from perennial.stages.whose import naming, people_of, who
from perennial.stages.workspace import Workspace
from perennial.value.lifetime.published import published_as_of
from perennial.value.rfm.segments import published


def build_profiles(workspace: Workspace, as_of: date) -> int:
    """Build everyone's profile by each merge policy; returns the number of people by the default one."""
    default, height, built = workspace.policy, 0, []
    for name, policy in workspace.profiles.items():
        people = _built(workspace, policy, as_of)
        table = workspace.lake.profiles if name == default.name else workspace.lake.profiles_by(name)
        table.replace(people, as_of)
        built.append({"policy": name, "as_of": as_of, "columns": people.columns})
        height = people.height if name == default.name else height
    workspace.lake.attributes.replace(pl.DataFrame(built, schema=ATTRIBUTES), as_of)
    return height


def profiles_of(workspace: Workspace, day: date, version: int | None = None) -> pl.LazyFrame:
    """Everybody's profile as of a day by the default policy, without the attributes of other days."""
    rows = workspace.lake.profiles.scan(version).filter(as_of=day)
    built = workspace.lake.attributes.scan().filter(as_of=day, policy=workspace.policy.name)
    known = {*built.select(pl.col("columns").explode()).collect()["columns"]}
    # Of profiles that were built before this was recorded, it is not known.
    return rows.select(name for name in rows.collect_schema() if name in known) if known else rows


def _built(workspace: Workspace, policy: ProfileDefinition, as_of: date) -> pl.DataFrame:
    value = {name: history(workspace, name).read(as_of) for name in policy.value if name in workspace.value}
    people = build(
        {name: people_of(workspace, name, policy) for name in policy.events},
        {name: attributes(workspace, name, people_of(workspace, name, policy)) for name in policy.attributes},
        value,
        [
            *(_published(workspace, name, as_of) for name in policy.value if name not in workspace.value),
            *(attributes_left_behind(workspace, name, as_of) for name in policy.browsing),
        ],
        as_of,
        policy.merge,
        {name: _computed(workspace, name, policy, as_of) for name in policy.computed},
    ).collect()
    known = names(people.lazy(), who(workspace, policy), naming(workspace, policy)).collect()
    people = people.join(known, on=PERSON, how="left", maintain_order="left")
    return people.with_columns(as_of=pl.lit(as_of))


@dataclass(frozen=True)
class Daily:
    """The profiles of a day, as a snapshot of their table has them."""

    day: date
    snapshot: int

    @property
    def midnight(self) -> datetime:
        """The moment as of which they hold."""
        return datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)

    def scan(self, workspace: Workspace) -> pl.LazyFrame:
        """Everybody's."""
        return profiles_of(workspace, self.day, self.snapshot)


def newest(workspace: Workspace) -> Daily | None:
    """The profiles of the last day that has any."""
    snapshot = workspace.lake.profiles.version()
    days = workspace.lake.profiles.partitions(snapshot) if snapshot >= 0 else []
    return Daily(date.fromisoformat(days[-1]), snapshot) if days else None


def newest_day(workspace: Workspace) -> date | None:
    """The last day as of which there are profiles."""
    found = newest(workspace)
    return found.day if found else None


def attributes(workspace: Workspace, name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The columns of a dataset's rows but those that only say whose a row is."""
    dataset, there = workspace.dataset(name), set(rows.collect_schema().names())
    own = [column for column in dataset.columns if column != dataset.identities[0].column and column in there]
    return rows.select(PERSON, *own, *({HELD_AT} & there - {*own}))


def _published(workspace: Workspace, name: str, as_of: date) -> pl.LazyFrame:
    """What a document of segments, or of predicted value, says of each person as of a day."""
    if name in workspace.lifetime:
        return published_as_of(workspace.lake.lifetime(name), as_of)
    if name in workspace.rfm:
        return published(workspace.lake.rfm(name).scan().filter(as_of=as_of), name)
    known = [*workspace.value, *workspace.rfm, *workspace.lifetime]
    raise DocumentError(f"a profile publishes value {name!r}; {workspace.settings.include}/value has {known}")


def _computed(workspace: Workspace, name: str, policy: ProfileDefinition, as_of: date) -> pl.LazyFrame:
    """A computed attribute of each person who has one. Before the first event, nobody has."""
    if name not in workspace.computed:
        known = [*workspace.computed]
        raise DocumentError(
            f"no computed attribute {name}; {workspace.settings.include}/computed has {known}"
        )
    attribute = workspace.computed[name]
    dataset = workspace.dataset(attribute.dataset)
    if dataset.kind != "event":
        raise DocumentError(f"computed attribute {name}: {dataset.name} are records, and no events")
    if not workspace.table(dataset.name).exists():
        columns = {name: column.dtype for name, column in dataset.columns.items()}
        return compute(attribute, pl.LazyFrame(schema={PERSON: pl.String(), **columns}), as_of)
    return compute(attribute, people_of(workspace, dataset.name, policy), as_of)
