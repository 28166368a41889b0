"""Documents of value in; from which columns of events each figure of a customer comes, out."""

from perennial.lineage.model import (
    PERSON,
    Dataset,
    Derivation,
    Documents,
    How,
    Use,
    lake,
    left_out,
    table_of,
    used,
    whose,
)
from perennial.signals.expressions.syntax import columns_of
from perennial.value.definition import Metric, ValueDefinition


def columns_in(*expressions: str | None) -> set[str]:
    """The columns that expressions name."""
    return {".".join(path) for text in expressions if text is not None for path in columns_of(text)}


def metric(source: Dataset, each: Metric, how: How = "aggregation", note: str = "") -> tuple[Use, ...]:
    """What one figure is computed from; of counted rows only what says which ones count."""
    said = f"{each.kind} {note}".strip()
    value = () if each.counts_rows else used(source, columns_in(each.expression), how, said)
    return (*value, *used(source, columns_in(each.where), "filter", said))


def values(documents: Documents, name: str) -> Derivation:
    """Values and ranks of customers, one row for each lookback and dimension value."""
    document = documents.value[name]
    source = table_of(documents, document.dataset)
    over = f"over {', '.join(document.windows())}"
    columns = {PERSON: owner(documents, document.dataset, document.identity)}
    for title, each in document.metrics.items():
        columns[title] = metric(source, each, note=over)
        rank = f"rank 1 to {document.buckets} by {each.kind} {over}"
        columns[f"{title}_decile"] = tuple(
            Use(use.dataset, use.column, "transformation" if use.how == "aggregation" else use.how, rank)
            for use in metric(source, each)
        )
    columns["dimension_value"] = tuple(
        _dimension(documents, document, title) for title in document.dimensions
    )
    return Derivation(columns, _rows(documents, document))


def by_decile(documents: Documents, name: str) -> Derivation:
    """How many customers, and how much, each decile has."""
    source, metrics = lake(f"value/{name}"), documents.value[name].metrics
    amounts = used(source, metrics, "aggregation")
    copied = {each: (Use(source, each),) for each in ("as_of", "dimension", "dimension_value", "lookback")}
    return Derivation(
        {
            **copied,
            "decile": used(source, [f"{each}_decile" for each in metrics], "identity"),
            "customers": (Use(source, PERSON, "aggregation"),),
            **dict.fromkeys(("total", "least", "most"), amounts),
        }
    )


def movement(documents: Documents, name: str) -> Derivation:
    """How many customers moved from one decile to another."""
    source = lake(f"value/{name}")
    ranks = used(source, [f"{each}_decile" for each in documents.value[name].metrics], "identity")
    return Derivation(
        {
            "lookback": (Use(source, "lookback"),),
            "from_decile": ranks,
            "to_decile": ranks,
            "customers": (Use(source, PERSON, "aggregation"),),
        }
    )


def rfm(documents: Documents, name: str) -> Derivation:
    """Recency, frequency and monetary value of customers, their scores, and the segment."""
    document = documents.rfm[name]
    source = table_of(documents, document.dataset)
    when = used(source, ["event_time"], "aggregation")
    orders = used(source, columns_in(document.order), "aggregation", "count_distinct")
    money = used(source, columns_in(document.amount), "aggregation", "sum")
    scores = {
        "recency": ranked(when),
        "frequency": ranked(orders),
        "monetary": ranked(money),
    }
    every = tuple(use for uses in scores.values() for use in uses)
    columns = {
        PERSON: owner(documents, document.dataset, document.identity),
        "recency_days": when,
        "orders": orders,
        "revenue": money,
        **scores,
        "score": every,
        "segment": every,
    }
    rows = (
        *used(source, ["event_time", *columns_in(document.where)], "filter"),
        *left_out(documents, document.dataset),
    )
    return Derivation(columns, rows)


def owner(documents: Documents, dataset: str, identity: str) -> tuple[Use, ...]:
    """Whose a row is, by the column that a document names."""
    if identity == PERSON:
        return whose(documents, dataset)
    return (Use(table_of(documents, dataset), identity),)


def ranked(uses: tuple[Use, ...]) -> tuple[Use, ...]:
    """The same columns, as a score is made of them."""
    return tuple(Use(use.dataset, use.column, "transformation", "score") for use in uses)


def _dimension(documents: Documents, document: ValueDefinition, name: str) -> Use:
    each = document.dimensions[name]
    return Use(table_of(documents, each.lookup or document.dataset), each.column, "identity", name)


def _rows(documents: Documents, document: ValueDefinition) -> tuple[Use, ...]:
    source = table_of(documents, document.dataset)
    found = [Use(source, "event_time", "filter", "the lookbacks"), *left_out(documents, document.dataset)]
    found += [
        Use(use.dataset, use.column, "group_by")
        for use in owner(documents, document.dataset, document.identity)
    ]
    for each in document.dimensions.values():
        if each.lookup is not None and each.by is not None:
            found.append(Use(source, each.by, "join"))
            found.append(Use(table_of(documents, each.lookup), each.by, "join"))
    return tuple(found)
