"""A table of the lake by its name in; how it is made, as far as the documents tell, out."""

from collections.abc import Callable, Mapping

from perennial.lineage import audiences, lifetime, profiles, signals, value, visitors
from perennial.lineage.model import (
    MAPPING,
    MARKS,
    MEMBERSHIP,
    Dataset,
    Derivation,
    Documents,
    Use,
    lake,
    table_of,
    used,
)
from perennial.matching.definition import Match, Side

BOOKKEEPING = ("ledger", "value_history", "days", "attributes", "matching", "privacy")
"""Areas with tables about the work, not about people or things: lineage leaves them out."""
BATCHES = ("signals/batches", "signals/resolutions")
LIVE = lake("live/profiles")


def is_told(name: str) -> bool:
    """Whether lineage speaks of a table of the lake."""
    return name.partition("/")[0] not in BOOKKEEPING and name not in BATCHES


def derivation(documents: Documents, name: str, origin: Mapping[str, Dataset] | None = None) -> Derivation:
    """How a table is made; of one that no document describes, nothing is known.

    :param origin: by the names of datasets: where the rows that were written came from
    """
    area, _, rest = name.partition("/")
    if area in ("events", "records", "quarantine"):
        return _of_signals(documents, area, rest, (origin or {}).get(rest))
    if name in _SINGLE:
        return _SINGLE[name](documents)
    if area == "profiles":
        policy = documents.policy.name if rest == "snapshot" else rest
        return profiles.derivation(documents, policy) if policy in documents.profiles else Derivation()
    known, made = _BY_DOCUMENT.get(area, (lambda _: {}, _unknown))
    return made(documents, rest) if rest in known(documents) else Derivation()


def matched(documents: Documents, match: Match) -> Derivation:
    """The pairs of two tables, by the columns that were compared."""
    columns: dict[str, tuple[Use, ...]] = {}
    compared: list[Use] = []
    for which, side in (("left", match.left), ("right", match.right)):
        source, named = _side(documents, side), match.columns("left" if which == "left" else "right")
        columns[f"{which}_{side.key}"] = (Use(source, side.key),)
        columns |= {f"{which}_{field}": (Use(source, column),) for field, column in named.items()}
        compared += used(source, named.values(), "transformation", "compared")
    columns |= dict.fromkeys(("score", "outcome"), tuple(compared))
    rows = [
        Use(_side(documents, side), column, "filter")
        for side in (match.left, match.right)
        for column in side.where
    ]
    return Derivation(columns, tuple(rows))


def _of_signals(documents: Documents, area: str, name: str, origin: Dataset | None) -> Derivation:
    if name not in documents.datasets or origin is None:
        return Derivation(also=frozenset([origin] if origin else []))
    if area == "quarantine":
        raw = used(origin, signals.fields(documents.datasets[name]), "transformation", "the row as it came")
        return Derivation({"raw": raw})
    return signals.derivation(documents.datasets[name], origin)


def _side(documents: Documents, side: Side) -> Dataset:
    return table_of(documents, side.dataset) if side.dataset is not None else lake(str(side.table))


def _live_profiles(documents: Documents) -> Derivation:
    return profiles.derivation(documents, documents.policy.name)


def _unknown(_: Documents, __: str) -> Derivation:
    return Derivation()


_SINGLE: dict[str, Callable[[Documents], Derivation]] = {
    MEMBERSHIP.name: audiences.membership,
    "audiences/evaluations": audiences.evaluations,
    "live/membership": audiences.live_membership,
    LIVE.name: _live_profiles,
    visitors.LINKS.name: visitors.links,
    MAPPING.name: visitors.mapping,
    MARKS.name: visitors.marks,
    lifetime.MODELS.name: lifetime.models,
}
_BY_DOCUMENT: dict[
    str,
    tuple[Callable[[Documents], Mapping[str, object]], Callable[[Documents, str], Derivation]],
] = {
    "value": (lambda documents: documents.value, value.values),
    "value_by_decile": (lambda documents: documents.value, value.by_decile),
    "value_movement": (lambda documents: documents.value, value.movement),
    "rfm": (lambda documents: documents.rfm, value.rfm),
    "lifetime": (lambda documents: documents.lifetime, lifetime.scores),
    "lifetime_actuals": (lambda documents: documents.lifetime, lifetime.actuals),
    "left_behind": (lambda documents: documents.browsing, profiles.left_behind),
    "visitor_days": (lambda documents: documents.bots, visitors.visitor_days),
    "bots_found": (lambda documents: documents.bots, visitors.bots_found),
}
