"""Stand-in for a grocer's loyalty app: what households do in it, sent to the collector as messages.

The data has no such events; they are made from the receipts of the last week. Before a purchase many people
looked at the product, and at one that they left on the shelf. Who has not signed in yet is known by the
app's own number only, and a few households share a tablet; some leaf through a page of products within
minutes, and so do crawlers (see `machines`), faster or slower. Real senders repeat themselves and make
mistakes, and so does this one: each addition is counted by the collector's Dag, and none doubles anything.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import requests

from perennial.errors import TransientError
from perennial.sandbox.machines import browser, dice, visits
from perennial.sandbox.sources import FIRST_DAY, SHOP, packaged

DATASET = "app_events"
PIECE = 500
REPEATED = 40
"""One message in so many is sent twice."""
SHARED = 40
"""One household in so many uses the app on a neighbour's tablet."""
LEAFING = 60
"""One household in so many leafs through a page of products."""
WITHIN = 60.0


def messages() -> list[dict[str, Any]]:
    """All messages in the order of their time; the same whenever they are made."""
    midnight = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=SHOP).astimezone(UTC)
    bought = (
        pl.scan_parquet(packaged("transactions"))
        .filter(pl.col("transaction_timestamp") >= midnight.replace(tzinfo=None))
        .sort("household_id", "basket_id", "product_id")
        .select(
            pl.col("household_id", "basket_id", "product_id").cast(pl.String),
            "quantity",
            "sales_value",
            "transaction_timestamp",
        )
        .with_columns(dice=pl.struct("basket_id", "product_id").map_batches(_dice, return_dtype=pl.UInt64))
        .filter(pl.col("quantity") > 0, pl.col("dice") % 10 < 2)
        .collect()
    )
    seen = bought.with_columns(action=pl.lit("view"))
    listed = bought.filter(pl.col("dice") % 3 == 0).with_columns(action=pl.lit("add_to_list"))
    # What a neighbour in the list bought, this household looked at and left.
    left = bought.filter(pl.col("dice") % 4 == 0).with_columns(
        action=pl.lit("view"), product_id=pl.col("product_id").shift(1, fill_value="1000050")
    )
    before = pl.duration(
        minutes=pl.col("dice") % 2880 + pl.when(pl.col("action") == "view").then(2).otherwise(1)
    )
    every = pl.concat([seen, listed, left]).unique(
        ["household_id", "basket_id", "product_id", "action"], keep="first", maintain_order=True
    )
    number = pl.col("household_id").cast(pl.Int64)
    tablet = number - (number % SHARED == 0).cast(pl.Int64)
    # Lists are for those who have signed in; from then on the app knows them.
    at = pl.col("at")
    signed_in = at.filter(pl.col("action") == "add_to_list").min().over("household_id")
    rows = every.with_columns(at=pl.col("transaction_timestamp") - before).select(
        id=pl.concat_str("household_id", "basket_id", "product_id", "action", separator="-"),
        at=at.dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        household=pl.when(at >= signed_in).then("household_id"),
        device=pl.format("app-{}", (tablet * 48_271) % 2_147_483_647),
        action="action",
        product=pl.struct(id="product_id", price=(pl.col("sales_value") / pl.col("quantity")).round(2)),
    )
    people = rows.to_dicts()
    prices = {each["product"]["id"]: each["product"]["price"] for each in people}
    people += _leafing(people, prices)
    for each in people:
        each["agent"] = browser(each["device"])
    return sorted([*people, *visits(sorted(prices))], key=lambda each: (each["at"], each["id"]))


def _leafing(people: list[dict[str, Any]], prices: dict[str, float]) -> Iterator[dict[str, Any]]:
    """What those look at who leaf through a page of products, from their first event on."""
    first = {each["household"]: each for each in reversed(people) if each["household"]}
    products = sorted(prices)
    for household, each in sorted(first.items()):
        if int(household) % LEAFING:
            continue
        chance, at = dice(household), datetime.fromisoformat(each["at"])
        for number in range(10 + chance % 45):
            at += timedelta(seconds=2 + dice(f"{household} {number}") % 9)
            product = products[(chance + number) % len(products)]
            yield {
                **each,
                "id": f"{household}-leafing-{number}",
                "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
                "action": "view",
                "product": {"id": product, "price": prices[product]},
            }


def mistakes(some: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages that break a rule, each another one, made from good ones."""
    one, two, three, four = some[:4]
    return [
        {**one, "id": one["id"] + "-x", "action": "hover"},
        {**two, "id": two["id"] + "-x", "at": "yesterday"},
        {**three, "id": three["id"] + "-x", "product": {"id": three["product"]["id"], "price": -1}},
        {key: value for key, value in four.items() if key != "device"} | {"id": four["id"] + "-x"},
    ]


def send(url: str, token: str) -> int:
    """Send everything to the collector at `url`; returns how many messages it acknowledged."""
    good = messages()
    every = [*good, *good[::REPEATED], *mistakes(good)]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    for first in range(0, len(every), PIECE):
        _post(session, f"{url}/collection/batch/{DATASET}", {"messages": every[first : first + PIECE]})
    return len(every)


def _post(session: requests.Session, url: str, body: dict[str, Any]) -> None:
    deadline = time.monotonic() + WITHIN
    while True:
        answer = session.post(url, json=body, timeout=30)
        if answer.status_code != 503:
            answer.raise_for_status()
            return
        if time.monotonic() > deadline:
            raise TransientError(f"the collector at {url} had no room for {WITHIN:.0f} s")
        time.sleep(float(answer.headers.get("retry-after", "1")))


def _dice(keys: pl.Series) -> pl.Series:
    """A number that only depends on the line, from the digits of its basket and product."""
    basket, product = (keys.struct.field(name).cast(pl.UInt64) for name in ("basket_id", "product_id"))
    return (basket * 31 + product * 7919) % 1_000_003
