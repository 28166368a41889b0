"""What people looked at and bought in; the product that each left behind as of a day, out."""

from datetime import date

import polars as pl

from perennial.documents import DocumentError
from perennial.identity.people import PERSON
from perennial.profiles.browsing import COLUMNS, AbandonedBrowse
from perennial.profiles.left_behind import PRICE, PRODUCT, TIME, left_behind, where_true
from perennial.signals.expressions import ExpressionError
from perennial.stages.whose import people_of
from perennial.stages.workspace import Workspace


def find_left_behind(workspace: Workspace, as_of: date) -> dict[str, int]:
    """Find what everybody left behind, by every document in `include/browsing`; returns of how many people.

    People are those of the default merge policy, without bots.
    """
    counts = {}
    for name, definition in workspace.browsing.items():
        rows = _found(workspace, definition, as_of).sort(PERSON).collect(engine="streaming")
        dated = rows.with_columns(as_of=pl.lit(as_of))
        workspace.lake.left_behind(name).replace(dated, as_of)
        counts[name] = rows.height
    return counts


def attributes_left_behind(workspace: Workspace, name: str, as_of: date) -> pl.LazyFrame:
    """What a document says of each person as of a day, in columns that begin with its name."""
    if name not in workspace.browsing:
        known = [*workspace.browsing]
        raise DocumentError(
            f"no document of browsing {name}; {workspace.settings.include}/browsing has {known}"
        )
    rows = workspace.lake.left_behind(name).scan().filter(as_of=as_of)
    return rows.select(PERSON, *(pl.col(each).alias(f"{name}_{each}") for each in COLUMNS))


def _found(workspace: Workspace, definition: AbandonedBrowse, as_of: date) -> pl.LazyFrame:
    begin, end = definition.window(as_of)
    looks, purchases = definition.looks, definition.purchases
    looked = _events(workspace, definition, "looks", begin.date())
    try:
        looked = where_true(looked, looks.where)
        looked.collect_schema()
    except (ExpressionError, pl.exceptions.PolarsError) as error:
        raise DocumentError(f"browsing {definition.name}: looks.where: {error}") from None
    _require(definition, "looks", looks.dataset, looked, looks.product, looks.price)
    priced = _priced(workspace, definition, looked)
    bought = _events(workspace, definition, "purchases", begin.date())
    _require(definition, "purchases", purchases.dataset, bought, purchases.product)
    product = [pl.col(purchases.product).alias(PRODUCT)] if purchases.product else []
    return left_behind(priced, bought.select(PERSON, TIME, *product), begin, end, definition.unless_bought)


def _events(workspace: Workspace, definition: AbandonedBrowse, part: str, first: date) -> pl.LazyFrame:
    """A dataset's events since a day, with whose they are; none where nothing came yet."""
    name = getattr(definition, part).dataset
    dataset = workspace.dataset(name)
    if dataset.kind != "event":
        raise DocumentError(f"browsing {definition.name}: {part}.dataset: {name} are records, and no events")
    if not workspace.table(name).exists():
        columns = {column: each.dtype for column, each in dataset.columns.items()}
        return pl.LazyFrame(schema={PERSON: pl.String(), **columns})
    return people_of(workspace, name, rows=workspace.rows(name).filter(pl.col("event_date") >= first))


def _priced(workspace: Workspace, definition: AbandonedBrowse, looked: pl.LazyFrame) -> pl.LazyFrame:
    """Looks, with what their products cost: as the events say, or the records of products."""
    product = pl.col(definition.looks.product).alias(PRODUCT)
    if definition.looks.price is not None:
        return looked.select(PERSON, TIME, product, pl.col(definition.looks.price).alias(PRICE))
    if definition.prices is None:
        raise DocumentError(f"browsing {definition.name}: say where prices are")
    name, price = definition.prices.dataset, definition.prices.price
    dataset = workspace.dataset(name)
    if dataset.kind != "record" or len(dataset.key) != 1:
        raise DocumentError(
            f"browsing {definition.name}: prices.dataset: {name} has to be records with one key column, the "
            "product"
        )
    records = workspace.rows(name)
    _require(definition, "prices", name, records, price)
    told = records.select(pl.col(dataset.key[0]).alias(PRODUCT), pl.col(price).alias(PRICE))
    return looked.select(PERSON, TIME, product).join(told, on=PRODUCT, how="left")


def _require(
    definition: AbandonedBrowse, part: str, dataset: str, rows: pl.LazyFrame, *columns: str | None
) -> None:
    there = rows.collect_schema().names()
    if missing := [each for each in columns if each is not None and each not in there]:
        raise DocumentError(
            f"browsing {definition.name}: {part}: {dataset} has no column {', '.join(missing)}; it has "
            f"{', '.join(each for each in there if each != PERSON)}"
        )
