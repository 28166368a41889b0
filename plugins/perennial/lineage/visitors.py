"""Identities, and documents about bots, in; from which columns who is who, and who is nobody, comes, out."""

from perennial.lineage.model import PERSON, Derivation, Documents, How, Use, lake, table_of, used

LINKS = lake("identity/links")


def links(documents: Documents) -> Derivation:
    """Identities that occur together, of all datasets."""
    named = [
        Use(table_of(documents, name), each.column, "transformation")
        for name, dataset in documents.datasets.items()
        for each in dataset.identities
        if len(dataset.identities) > 1
    ]
    return Derivation(dict.fromkeys(("left", "right"), tuple(named)))


def mapping(_: Documents) -> Derivation:
    ends: tuple[Use, ...] = (Use(LINKS, "left"), Use(LINKS, "right"))
    people = tuple(Use(use.dataset, use.column, "transformation", "who belongs together") for use in ends)
    return Derivation({"value": ends, PERSON: people, "group": people})


def visitor_days(documents: Documents, name: str) -> Derivation:
    document = documents.bots[name]
    source = table_of(documents, document.dataset)
    agent = used(source, filter(None, [document.user_agent]), "identity")
    when = used(source, ["event_time"], "aggregation")
    pages = used(source, filter(None, [document.page]), "aggregation")
    counted = {f"{kind}_{size}": when for kind in ("most", "buckets") for size in (60, 300, 1800)}
    seen = {f"pages_{size}": (*when, *pages) for size in (60, 300, 1800)}
    visitor = (Use(source, document.visitor, "transformation"),)
    return Derivation({"visitor": visitor, "user_agent": agent, "events": when, **counted, **seen})


def bots_found(_: Documents, name: str) -> Derivation:
    source = lake(f"visitor_days/{name}")
    how: How = "transformation"
    done = used(
        source, [f"{kind}_{size}" for kind in ("most", "pages", "buckets") for size in (60, 300, 1800)], how
    )
    model = (Use(lake("bots/models"), "nodes", how),)
    return Derivation(
        {
            "visitor": (Use(source, "visitor"),),
            "user_agent": (Use(source, "user_agent"),),
            "declared": (Use(source, "user_agent", how),),
            "rule": done,
            "model": (*done, *model),
            "probability": (*done, *model),
            "events": (Use(source, "events", "aggregation"),),
        }
    )


def marks(documents: Documents) -> Derivation:
    found = tuple(Use(lake(f"bots_found/{name}"), "visitor") for name in documents.bots)
    return Derivation({"value": (*found, Use(lake("bots/decisions"), "value"))})
