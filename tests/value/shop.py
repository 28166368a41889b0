"""A shop's documents and lake in a folder; purchases that come, come late, go, or are corrected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import yaml
from purchases import DOCUMENT, PRODUCTS

from perennial.lake.maintenance import Policy, maintain
from perennial.settings import Settings
from perennial.signals.batch_files import BatchFiles
from perennial.stages.workspace import Workspace
from perennial.value.deciles import KEYS, deciles
from perennial.value.entries import partials_of
from perennial.value.money import as_money, scales

SALES = {
    "title": "Purchases",
    "kind": "event",
    "source": {"history": "sales/*.parquet"},
    "key": ["line"],
    "identities": [{"column": "customer", "namespace": "customer"}],
    "columns": {
        "event_time": {"type": "timestamp", "required": True},
        "line": {"type": "string", "required": True},
        "customer": {"type": "string"},
        "basket": {"type": "string"},
        "product": {"type": "string"},
        "amount": {"type": "decimal", "scale": 2},
    },
}
ARTICLES = {
    "title": "Products",
    "kind": "record",
    "source": {"history": "products/*.parquet"},
    "key": ["product"],
    "columns": {"product": {"type": "string", "required": True}, "department": {"type": "string"}},
}
ONCE = [{"per": "customer", "key": "basket", "metrics": ["amount"]}]


@dataclass
class Shop:
    """One deployment. Documents are read anew each time: a changed one counts at once."""

    folder: Path
    batches: dict[str, int] = field(default_factory=dict)
    """Which batches are in the lake, and which number their first event has."""
    count: int = 0

    def write(self, once: Sequence[Mapping[str, Any]] = (), **changed: object) -> None:
        """Write the documents; `changed` are keys of the value document."""
        documents = {
            "datasets/sales": {**SALES, "once": list(once)},
            "datasets/products": ARTICLES,
            "value/value": {**DOCUMENT, **changed},
        }
        for name, content in documents.items():
            file = self.folder / f"include/{name}.yaml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(yaml.safe_dump(content, sort_keys=False))

    @property
    def workspace(self) -> Workspace:
        """What stages work with."""
        lake = str(self.folder / "lake")
        return Workspace(Settings(self.folder / "include", lake, str(self.folder), self.folder / "spool"))

    def deliver(self, rows: pl.DataFrame, batch: str | None = None) -> None:
        """A batch of purchases comes; of one that was there, its rows are replaced."""
        name = batch or f"b{len(self.batches)}"
        first = self.batches.setdefault(name, self.count)
        self.count = max(self.count, first + rows.height)
        number = pl.int_range(first, first + rows.height).cast(pl.String)
        self._promote(
            name,
            rows.with_columns(
                line=number,
                event_id=number,
                event_date=pl.col("event_time").dt.date(),
                batch=pl.lit(name),
            ),
        )

    def take_back(self, batch: str) -> None:
        """A batch that should not have come."""
        del self.batches[batch]
        self._promote(batch, None)

    def correct(self, products: pl.DataFrame) -> None:
        """What is known of the products is something else now."""
        self.workspace.lake.records("products").replace(products)

    def compact(self) -> None:
        """Maintenance of all tables, after which old snapshots can still be read."""
        lake = self.workspace.lake
        for table in (
            lake.events("sales"),
            lake.records("products"),
            lake.ledger("value"),
            lake.value("value"),
        ):
            if table.exists():
                maintain(table, Policy(many=2))

    def forget(self) -> None:
        """Maintenance after which only the newest snapshots of what came in can be read."""
        lake = self.workspace.lake
        for table in (lake.events("sales"), lake.records("products")):
            maintain(table, Policy(many=2, retention=timedelta(0), force=True))

    def scratch(self, as_of: date) -> pl.DataFrame:
        """A day's values computed from nothing but the events."""
        workspace = self.workspace
        definition, rows = workspace.value["value"], workspace.rows("sales")
        found = deciles(rows, definition, as_of, {"products": workspace.rows("products")})
        money = scales(definition, partials_of(nw.from_native(rows), definition))
        return as_money(found, money).sort(KEYS).collect()

    def _promote(self, batch: str, rows: pl.DataFrame | None) -> None:
        table = self.workspace.lake.events("sales")
        files = BatchFiles(table, batch)
        if rows is not None:
            files.write(rows)
        files.promote(table.version())


def shop(folder: Path, **changed: object) -> Shop:
    """A shop whose products are known and that sold nothing yet."""
    made = Shop(folder)
    made.write(**changed)  # type: ignore[arg-type]
    made.correct(PRODUCTS)
    return made
