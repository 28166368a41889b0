"""A profile's document and those that it names in; from which columns each attribute comes, out."""

from perennial.identity.values import EMAIL, EMAIL_SHA256
from perennial.lineage.model import (
    MAPPING,
    PERSON,
    Derivation,
    Documents,
    Use,
    lake,
    left_out,
    table_of,
    used,
    whose,
)
from perennial.lineage.value import columns_in, metric
from perennial.profiles.browsing import COLUMNS as LEFT_BEHIND
from perennial.profiles.computed import ComputedAttribute
from perennial.profiles.definition import ProfileDefinition
from perennial.value.lifetime.published import PUBLISHED
from perennial.value.rfm.definition import AXES

Columns = dict[str, tuple[Use, ...]]


def derivation(documents: Documents, name: str) -> Derivation:
    """One row a person, by the document of that name."""
    policy = documents.profiles[name]
    columns = _seen(documents, policy)
    columns["identities"] = (Use(MAPPING, "namespace"), Use(MAPPING, "value"))
    for dataset in policy.attributes:
        source = table_of(documents, dataset)
        known = documents.datasets.get(dataset)
        for column in known.columns if known is not None else ():
            columns[column] = (*columns.get(column, ()), Use(source, column, "identity", policy.merge))
    if EMAIL in columns:
        columns[EMAIL_SHA256] = tuple(
            Use(use.dataset, use.column, "transformation", "SHA-256", masked=True) for use in columns[EMAIL]
        )
    for document in policy.value:
        columns |= _published(documents, document)
    for document in policy.browsing:
        source = lake(f"left_behind/{document}")
        columns |= {f"{document}_{column}": (Use(source, column),) for column in LEFT_BEHIND}
    for document in policy.computed:
        if document in documents.computed:
            columns[document] = _computed(documents, documents.computed[document])
    rows = [Use(table_of(documents, each), "event_time", "filter") for each in policy.events]
    rows += [use for each in policy.events for use in left_out(documents, each)]
    return Derivation(columns, tuple(dict.fromkeys(rows)))


def left_behind(documents: Documents, name: str) -> Derivation:
    """The product that each person looked at and left."""
    document = documents.browsing[name]
    looks, bought = (table_of(documents, each.dataset) for each in (document.looks, document.purchases))
    price: tuple[Use, ...]
    if document.prices is not None:
        price = (Use(table_of(documents, document.prices.dataset), document.prices.price),)
    else:
        price = used(looks, filter(None, [document.looks.price]), "identity")
    rows = [
        *used(looks, ["event_time", *columns_in(document.looks.where)], "filter"),
        *used(
            bought, ["event_time", *filter(None, [document.purchases.product])], "filter", "what was bought"
        ),
        *left_out(documents, document.looks.dataset),
    ]
    columns = {
        PERSON: whose(documents, document.looks.dataset),
        "product": (Use(looks, document.looks.product),),
        "price": price,
        "at": (Use(looks, "event_time"),),
    }
    return Derivation(columns, tuple(dict.fromkeys(rows)))


def _seen(documents: Documents, policy: ProfileDefinition) -> Columns:
    """Who there is, and since when and until when they were seen."""
    people = [use for each in policy.events for use in whose(documents, each)]
    times = [Use(table_of(documents, each), "event_time", "aggregation") for each in policy.events]
    return {PERSON: tuple(dict.fromkeys(people)), **dict.fromkeys(("first_seen", "last_seen"), tuple(times))}


def _published(documents: Documents, name: str) -> Columns:
    """What a document of value says of each person."""
    if name in documents.rfm:
        source = lake(f"rfm/{name}")
        return {f"{name}_{column}": (Use(source, column),) for column in (*AXES, "score", "segment")}
    if name in documents.lifetime:
        source = lake(f"lifetime/{name}")
        return {column: (Use(source, column),) for column in PUBLISHED if column != PERSON}
    document = documents.value.get(name)
    if document is None:
        return {}
    source = lake(f"value/{name}")
    columns: Columns = {}
    stored = [f"{each}{suffix}" for each in document.metrics for suffix in ("", "_decile")]
    for lookback in document.windows():
        for column in stored:
            title = column.removesuffix("_decile")
            shown = f"{title}_{lookback}{column.removeprefix(title)}"
            columns[shown] = (Use(source, column, "identity", f"lookback {lookback}"),)
            for dimension in document.dimensions:
                within = f"lookback {lookback} by {dimension}"
                key = Use(source, "dimension_value", "identity", within)
                columns[f"{dimension}.{shown}"] = (key, Use(source, column, "identity", within))
    columns[name] = used(source, [*stored, "dimension_value"], "identity", "all lookbacks")
    return columns


def _computed(documents: Documents, document: ComputedAttribute) -> tuple[Use, ...]:
    source, note = table_of(documents, document.dataset), document.within_last or ""
    (each,) = document.definition.metrics.values()
    return (*metric(source, each, note=note), Use(source, "event_time", "filter", note))
