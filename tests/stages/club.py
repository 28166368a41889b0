"""A club of a few people: what they bought in a shop, their profiles of some days, and audiences of them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from perennial.lake.profiles import ATTRIBUTES
from perennial.settings import Settings
from perennial.stages.workspace import Workspace

DAYS = [date(2024, 3, 1) + timedelta(days=n) for n in range(4)]
SHOP = {
    "title": "Purchases",
    "kind": "event",
    "source": {"history": "shop/*.parquet"},
    "key": ["order_id"],
    "identities": [{"column": "member", "namespace": "member"}],
    "columns": {
        "event_time": {"type": "timestamp", "required": True},
        "order_id": {"type": "string", "required": True},
        "member": {"type": "string", "required": True},
        "amount": {"type": "decimal", "scale": 2},
    },
}
PROFILE = {"title": "Members", "person": "member", "events": ["shop"]}
MEMBER = {"title": "Member", "type": "cross_device", "unique": True, "priority": 1}
RICH = {"attribute": "rank", "operator": "at_most", "value": 1}
BUYERS = {"event": "shop", "within_last": "2 days"}


def workspace(
    folder: Path, audiences: Mapping[str, Any], consents: Mapping[str, Any] | None = None
) -> Workspace:
    """The documents anew, over the lake that there is; audiences and consents are given by their rules."""
    documents: dict[str, Any] = {
        "datasets/shop": SHOP,
        "profiles/member": PROFILE,
        "namespaces/member": MEMBER,
        **{f"consent/{name}": {"title": name, "rule": rule} for name, rule in (consents or {}).items()},
        **{f"audiences/{name}": said(name, each) for name, each in audiences.items()},
    }
    for file in folder.glob("include/*/*.yaml"):
        file.unlink()
    for name, document in documents.items():
        file = folder / f"include/{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(document))
    return Workspace(Settings(folder / "include", str(folder / "lake"), str(folder), folder / "spool"))


def said(name: str, audience: Mapping[str, Any]) -> dict[str, Any]:
    """An audience's document, from its rule alone or from all of it."""
    return {"title": name.title(), **(audience if "rule" in audience else {"rule": dict(audience)})}


def profiles(made: Workspace, day: date, people: Mapping[str, int], **columns: Sequence[Any]) -> None:
    """The profiles of a day: people and their ranks, and perhaps more columns."""
    frame = pl.DataFrame({"person_id": [*people], "rank": [*people.values()], **columns})
    emails = pl.format("{}@example.com", "person_id")
    built = frame.with_columns(email=emails, as_of=pl.lit(day))
    made.lake.profiles.replace(built, day)
    kept = {"policy": "member", "as_of": day, "columns": built.columns}
    made.lake.attributes.replace(pl.DataFrame([kept], schema=ATTRIBUTES), day)


def bought(made: Workspace, rows: list[tuple[str, datetime]]) -> None:
    """Purchases: whose, and when."""
    frame = pl.DataFrame(
        rows, schema={"member": pl.String, "event_time": pl.Datetime("us", "UTC")}, orient="row"
    )
    numbered = frame.with_columns(order_id=pl.format("{} {}", "member", "event_time"))
    amounts = numbered.with_columns(pl.lit("5.00").cast(pl.Decimal(18, 2)).alias("amount"))
    made.lake.events("shop").append(amounts.with_columns(event_date=pl.col("event_time").dt.date()))
