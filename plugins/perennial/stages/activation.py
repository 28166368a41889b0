"""The lake in; whom an activation is to reach as of a day, out, also where audiences could not be evaluated.

Who was in such an audience last stays in it at the destination: nobody is added, and nobody is taken away but
those who have no profile any more, or do not consent to the audience's purpose any more.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import polars as pl

from perennial.activation.definition import Activation
from perennial.activation.run import inputs
from perennial.audiences import membership
from perennial.audiences.comparisons import RuleError, Where
from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import ASIDE, published
from perennial.errors import TerminalError
from perennial.identity.people import PERSON
from perennial.stages.audiences import asked
from perennial.stages.profiles import profiles_of
from perennial.stages.workspace import Workspace


def wanted(
    workspace: Workspace, activation: Activation, as_of: date
) -> tuple[pl.LazyFrame, pl.LazyFrame, dict[str, int]]:
    """The members (audience, person_id) and profiles of a day, and how many members stay in audiences that
    could not be evaluated on it.

    Raises `TerminalError` where it cannot be told who consents.
    """
    titles = {name: audience.title for name, audience in workspace.audiences.items()}
    members, profiles = inputs(workspace.lake, activation, titles, as_of)
    lacking = membership.failed(workspace.lake.evaluations)
    names = sorted(lacking.get(as_of, membership.NONE) & {*activation.audiences})
    if not names:
        return members, profiles, {}
    last = membership.last_members(workspace.lake.membership, as_of, lacking)
    kept = last.filter(pl.col("audience").is_in(names)).select("audience", PERSON)
    kept = pl.concat([kept.clear(), *(_consenting(workspace, name, kept, as_of) for name in names)])
    counts = dict.fromkeys(names, 0) | dict(kept.group_by("audience").len().iter_rows())
    return pl.concat([members, kept.lazy()]), profiles, counts


def newest(workspace: Workspace, as_of: date) -> date:
    """The last day, up to this one, as of which there are profiles and evaluated audiences.

    It is this day itself where there is none: `wanted` then says what is missing.
    """
    return max((day for day in evaluated(workspace) if day <= as_of), default=as_of)


def evaluated(workspace: Workspace) -> list[date]:
    """The days as of which there are profiles and evaluated audiences."""
    lake = workspace.lake
    audiences = {*lake.membership.partitions(), *lake.evaluations.partitions()}
    return sorted(map(date.fromisoformat, audiences.intersection(lake.profiles.partitions())))


def qualifications(workspace: Workspace, as_of: date) -> Callable[[Sequence[str]], pl.DataFrame]:
    """How to learn since when people are in audiences (audience, person_id, last_qualified), as of a day."""

    def found(people: Sequence[str]) -> pl.DataFrame:
        rows = workspace.lake.membership.scan().filter(pl.col(PERSON).is_in(people))
        known = membership.qualified(rows, as_of)
        return known.select("audience", PERSON, "last_qualified").collect()

    return found


def _consenting(workspace: Workspace, name: str, kept: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Those of an audience's last members who consent to its purpose as of the day."""
    theirs, purpose = kept.filter(audience=name), workspace.audiences[name].purpose
    if purpose is None:
        return theirs
    try:
        agree = meeting(workspace, purpose, as_of)
        return theirs.lazy().join(agree, on=PERSON, how="semi").collect()
    except RuleError as error:
        raise TerminalError(
            f"the audience {name} could not be evaluated as of {as_of}, and it cannot be told either who of "
            f"its last members consents to {purpose}: nothing is sent. {error}"
        ) from None


def meeting(workspace: Workspace, purpose: str, as_of: date) -> pl.LazyFrame:
    """(person_id): who consents to a purpose as of a day. Raises `RuleError` where that cannot be told."""
    if purpose not in workspace.consents:
        raise Where(purpose).error(f"there is no such document in {workspace.settings.include}/consent")
    rule = workspace.consents[purpose].rule
    agreeing = Audience.model_construct(name=ASIDE, title=purpose, rule=rule)
    known = {**published(workspace.audiences), ASIDE: agreeing}
    now = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)
    found = asked(workspace, profiles_of(workspace, as_of), known, [ASIDE], now)
    return found.filter(ASIDE).select(PERSON)
