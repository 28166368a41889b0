"""A store that looks like the demo's: the tables of schema `insights`, filled the same way every time."""

import math
import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg import sql
from web import example_bots, example_campaigns, example_lifetime, example_movement, example_rfm, example_star

from perennial.insights.model import load_models
from perennial.insights.structure import LOGS, ddl
from perennial.settings import REPOSITORY

LAST = date(2017, 12, 31)
RANKED_DAYS = 8
HOUSEHOLDS = 2_469
LOOKBACKS = {"1m": 1, "3m": 3, "6m": 6, "9m": 9, "12m": 12, "lifetime": 12}
DEPARTMENTS = {
    "GROCERY": 0.46, "DRUG GM": 0.13, "MEAT": 0.09, "PRODUCE": 0.08, "FUEL": 0.06, "MEAT-PCKGD": 0.05,
    "DELI": 0.04, "PASTRY": 0.025, "NUTRITION": 0.02, "SEAFOOD-PCKGD": 0.015, "FLORAL": 0.008,
    "SALAD BAR": 0.006, "COSMETICS": 0.005, "TRAVEL & LEISURE": 0.003, "GARDEN CENTER": 0.002,
}  # fmt: skip
SEGMENTS = [
    (101, "top_spenders", "Top spenders", "The three best deciles of twelve months' spend", 741),
    (102, "lapsing", "Lapsing", "Best three deciles over a year, lower half in the last month", 168),
    (103, "deli_not_produce", "Deli without produce", "Bought deli, never produce, in three months", 94),
]
TYPES = ["Type A", "Type B", "Type C"]


def create(url: str) -> None:
    """Create the empty tables, as the product's own refresh does it."""
    models = load_models(REPOSITORY / "include" / "sql" / "insights")
    with psycopg.connect(url, options="-c search_path=insights") as connection:
        connection.execute(LOGS.encode())
        for model in models.values():
            connection.execute(ddl(model).encode())


def fill(url: str) -> None:
    """Fill them with a year of sales, eight days of deciles and audiences, coupon campaigns and e-mails."""
    random.seed(20171231)
    memberships = list(_memberships())
    with psycopg.connect(url, options="-c search_path=insights") as connection:
        tables: dict[str, Iterable[Sequence[Any]]] = {
            "adwh_dim_merge_policies": [(1, "Default", "default", "profiles", True)],
            "adwh_dim_segments": [segment[:4] for segment in SEGMENTS],
            "dim_campaign": _campaigns(),
            "fact_sales_by_day": _sales(),
            "fact_value_by_decile": _deciles(),
            "fact_decile_movement": example_movement.moves(
                _days(RANKED_DAYS), {name: _customers(1.0, months) for name, months in LOOKBACKS.items()}
            ),
            **example_rfm.tables(_days(RANKED_DAYS)),
            **example_bots.tables(_days(RANKED_DAYS)),
            **example_lifetime.tables(_days(RANKED_DAYS)),
            **example_campaigns.tables(),
            "adwh_fact_profile": [
                (day, 1, count, round(0.34 * count), count - 930 - 3 * index, 3 * count)
                for index, (day, count) in enumerate(_profiles())
            ],
            "adwh_fact_profile_by_segment": memberships,
            **example_star.tables(
                _profiles(),
                [(day, audience, size) for day, _, audience, size, *_ in memberships],
            ),
            "adwh_lkup_process_delta_log": [
                ("FACT_TABLES_PROCESSING", "SUCCESSFUL", day, 1) for day in _days(RANKED_DAYS)
            ],
            "fact_campaign_response": _redemptions(),
            "fact_campaign_reach": [
                (str(number), 60 + number * 37 % 900, 10 + number * 17 % 50) for number in range(1, 28)
            ],
            "fact_email_response": _emails(),
            "fact_batch": [
                (
                    "transactions-history",
                    "transactions",
                    "files",
                    None,
                    "success",
                    1_440_000,
                    1_440_000,
                    0,
                    0,
                ),
                *(
                    (f"transactions-{day}", "transactions", "files", day, "success", 3_900, 3_893, 3, 4)
                    for day in _days(RANKED_DAYS)
                ),
            ],
            "fact_quarantine": [
                (f"transactions-{day}", f"{rule}", 2)
                for day in _days(RANKED_DAYS)
                for rule in ("household_id: required, but missing", "quantity: below 0")
            ],
        }
        for table, rows in tables.items():
            with connection.cursor().copy(
                sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
            ) as copy:
                for row in rows:
                    copy.write_row(row)


def _days(count: int) -> list[date]:
    return [LAST - timedelta(days=back) for back in reversed(range(count))]


def _profiles() -> list[tuple[date, int]]:
    """As many as all households on the last day; a few less before."""
    return [(day, HOUSEHOLDS - (LAST - day).days * (LAST - day).days) for day in _days(RANKED_DAYS)]


def _sales() -> Iterable[Sequence[Any]]:
    for index, day in enumerate(_days(365)):
        season = 1 + 0.08 * math.sin(index / 58) + (0.25 if day >= date(2017, 12, 18) else 0)
        week = [0.92, 0.9, 0.9, 0.93, 1.02, 1.15, 1.2][day.weekday()]
        closed = 0.05 if (day.month, day.day) == (12, 25) else 1
        for department, share in DEPARTMENTS.items():
            spend = 12_600 * share * season * week * closed * random.uniform(0.9, 1.1)
            yield day, department, round(spend, 2), int(spend / 3.13), int(spend / 28), int(spend / 41)


def _deciles() -> Iterable[Sequence[Any]]:
    shares = [0.338, 0.19, 0.134, 0.1, 0.077, 0.059, 0.043, 0.031, 0.019, 0.009]
    values = {"all": 1.0, **DEPARTMENTS}
    for index, day in enumerate(_days(RANKED_DAYS)):
        for metric, scale in (("spend", 383_000), ("baskets", 12_900)):
            for lookback, months in LOOKBACKS.items():
                for value, part in values.items():
                    customers = _customers(part, months)
                    total = scale * months * part * (1 + index / 700)
                    steep = [share ** (1.35 - part / 3) for share in shares]
                    for decile, share in enumerate(steep, start=1):
                        count = customers // 10 + (decile <= customers % 10)
                        amount = round(total * share / sum(steep), 2)
                        mean = amount / count
                        dimension = "overall" if value == "all" else "department"
                        yield (
                            day, metric, lookback, dimension, value, decile, count, amount,
                            round(mean * 0.78, 2), round(mean * (2.7 if decile == 1 else 1.24), 2),
                        )  # fmt: skip


def _customers(part: float, months: int) -> int:
    return int(HOUSEHOLDS * min(1, 0.25 + part * 3) * (0.88 if months == 1 else 0.99))


def _memberships() -> Iterable[Sequence[Any]]:
    for identifier, _, _, _, size in SEGMENTS:
        for index, day in enumerate(_days(RANKED_DAYS)):
            entered = random.randint(2, 4 + size // 40)
            exited = random.randint(1, 3 + size // 45)
            size += entered - exited
            came = size if index == 0 else entered
            stayed, left = size - came, exited if index else 0
            yield day, 1, identifier, size, came, stayed, left, round(2.4 * size), size // 3


def _campaigns() -> Iterable[Sequence[Any]]:
    for number in range(1, 28):
        start = date(2017, 1, 8) + timedelta(days=13 * number)
        kind = TYPES[(number * 7) % 3]
        yield (
            str(number),
            f"Coupons {number}",
            kind,
            "coupon",
            start,
            start + timedelta(days=32 + number % 4 * 9),
        )
    for name, day in (("Winter thanks", 28), ("We miss you", 29), ("Try our produce", 30)):
        sent = date(2017, 12, day)
        yield f"email-{day}", name, "E-mail", "email", sent, None


def _redemptions() -> Iterable[Sequence[Any]]:
    for identifier, _, kind, channel, start, end in _campaigns():
        if channel != "coupon":
            continue
        for offset in range((end - start).days + 1):
            day = start + timedelta(days=offset)
            redeemed = int({"Type A": 22, "Type B": 4, "Type C": 7}[kind] * random.uniform(0.2, 1.4))
            if day <= LAST and redeemed:
                yield day, identifier, redeemed, max(1, int(redeemed * 0.7))


def _emails() -> Iterable[Sequence[Any]]:
    for day in _days(4):
        for campaign, sent_on, audience in (
            ("email-28", 28, 101), ("email-29", 29, 102), ("email-29", 29, 101), ("email-30", 30, 103),
        ):  # fmt: skip
            age = day.day - sent_on
            if age < 0:
                continue
            for decile in range(0 if audience == 103 else 1, 4 if audience != 103 else 11):
                sent = random.randint(5, 18) * (4 if audience == 101 else 1)
                first = age == 0
                opened = round(sent * (0.42 - 0.02 * decile) * 0.5**age)
                clicked = round(opened * 0.24)
                yield (
                    day, campaign, audience, decile, sent if first else 0, round(sent * 0.97) if first else 0,
                    round(sent * 0.02) if first else 0, round(sent * 0.01) if first else 0,
                    round(opened * 1.4),
                    opened, round(opened * 0.1), round(clicked * 1.2), clicked, int(first and decile == 3),
                    int(first and decile == 9),
                )  # fmt: skip
