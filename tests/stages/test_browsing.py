"""What people left behind becomes theirs: without bots, known to profiles, audiences and activations."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from perennial.activation.definition import Activation
from perennial.activation.desired import desired
from perennial.documents import DocumentError
from perennial.lake.bots import BOT_MARKS
from perennial.settings import Settings
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.browsing import find_left_behind
from perennial.stages.building_blocks import attributes
from perennial.stages.profiles import build_profiles, profiles_of
from perennial.stages.workspace import Workspace

AS_OF = date(2024, 3, 6)
NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
EVENTS = """
    title: {title}
    kind: event
    source: {{stream: true}}
    key: [id]
    identities: [{{column: member, namespace: member}}]
    columns:
      event_time: {{type: timestamp, required: true}}
      id: {{type: string, required: true}}
      member: {{type: string}}
      action: {{type: string}}
      item: {{type: string}}
      price: {{type: decimal}}
"""
DOCUMENTS = {
    "namespaces/member": "{title: Member, type: cross_device, unique: true, priority: 1}",
    "profiles/member": "{title: Members, person: member, events: [looks, orders], browsing: [left]}",
    "datasets/looks": EVENTS.format(title="Looks"),
    "datasets/orders": EVENTS.format(title="Orders"),
    "datasets/items": """
        title: Items
        kind: record
        source: {stream: true}
        key: [item]
        columns: {item: {type: string, required: true}, listed: {type: decimal}}
    """,
    "audiences/dear": "{title: Dear, rule: {attribute: left_price, operator: at_least, value: 5}}",
    "browsing/left": """
        title: Left behind
        looks: {dataset: looks, where: action = 'view', product: item, price: price}
        purchases: {dataset: orders, product: item}
    """,
}


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    return workspace(tmp_path, {})


def workspace(folder: Path, change: dict[str, str]) -> Workspace:
    for name, text in (DOCUMENTS | change).items():
        file = folder / f"include/{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Workspace(Settings(folder / "include", str(folder / "lake"), str(folder), folder / "spool"))


def happened(made: Workspace, dataset: str, *rows: tuple[str, str, str, str | None, int]) -> None:
    """Events: whose, what, of which item, at which price, how many days ago."""
    frame = pl.DataFrame(
        [
            {"member": member, "action": action, "item": item, "price": price and Decimal(price),
             "event_time": NOON - timedelta(days=days), "id": f"{dataset} {number}"}
            for number, (member, action, item, price, days) in enumerate(rows)
        ],
        schema={"member": pl.String, "action": pl.String, "item": pl.String, "price": pl.Decimal(18, 2),
                "event_time": pl.Datetime("us", "UTC"), "id": pl.String},
    )  # fmt: skip
    dated = frame.with_columns(event_date=pl.col("event_time").dt.date(), event_id="id", batch=pl.lit("b"))
    made.lake.events(dataset).append(dated)


def left(made: Workspace) -> dict[str, tuple[str, Decimal | None]]:
    find_left_behind(made, AS_OF)
    rows = made.lake.left_behind("left").scan().filter(as_of=AS_OF).collect()
    return {row["person_id"]: (row["product"], row["price"]) for row in rows.to_dicts()}


def test_it_is_known_to_profiles_to_audiences_and_to_activations(made):
    happened(
        made, "looks",
        ("ann", "view", "cup", "3.50", 0), ("ann", "view", "pan", "19.00", 1),
        ("ann", "list", "pot", "99.00", 0), ("bob", "view", "pan", "19.00", 0),
        ("cat", "view", "cup", "3.50", 3), ("dan", "view", "pan", "19.00", 4),
    )  # fmt: skip
    assert left(made) == {
        "ann": ("pan", Decimal("19.00")),
        "bob": ("pan", Decimal("19.00")),
        "cat": ("cup", Decimal("3.50")),
    }
    happened(made, "orders", ("bob", "buy", "cup", "3.50", 2))
    assert set(left(made)) == {"ann", "cat"}, "who bought anything within the time left nothing"
    build_profiles(made, AS_OF)
    people = profiles_of(made, AS_OF)
    known = {row["person_id"]: row["left_product"] for row in people.collect().to_dicts()}
    assert known == {"ann": "pan", "bob": None, "cat": "cup", "dan": None}
    evaluate_audiences(made, AS_OF)
    members = made.lake.membership.scan().filter(as_of=AS_OF)
    assert members.collect()["person_id"].to_list() == ["ann"]
    mapping = {"LEFT": "left_product", "PRICE": "left_price", "AT": "left_at"}
    destination = {"kind": "sendgrid", "connection": "it"}
    said = {
        "name": "it",
        "title": "It",
        "destination": destination,
        "audiences": ["dear"],
        "mapping": mapping,
    }
    addressed = people.with_columns(email=pl.format("{}@example.com", "person_id"))
    (row,) = desired(Activation.model_validate(said), members, addressed).rows().to_dicts()
    assert row["payload"] == '{"LEFT":"pan","PRICE":"19.00","AT":"2024-03-04"}'
    groups = {block.name: block.group for block in attributes(made)}
    assert groups["left_price"] == "Left behind"


def test_a_day_is_found_as_it_was_and_bots_leave_nothing(made):
    happened(made, "looks", ("ann", "view", "cup", "3.50", 0), ("bot", "view", "pan", "19.00", 0))
    earlier = find_left_behind(made, AS_OF - timedelta(days=1))
    assert earlier == {"left": 0}
    assert set(left(made)) == {"ann", "bot"}
    made.lake.bot_marks.replace(pl.DataFrame({"namespace": ["member"], "value": ["bot"]}, schema=BOT_MARKS))
    assert set(left(made)) == {"ann"}


def test_of_a_day_of_which_nothing_was_found_profiles_have_the_columns_and_nothing_in_them(made):
    happened(made, "looks", ("ann", "view", "cup", "3.50", 0))
    assert left(made) == {"ann": ("cup", Decimal("3.50"))}, "nothing was ever bought"
    happened(made, "orders", ("ann", "buy", "cup", "3.50", 9))
    build_profiles(made, AS_OF + timedelta(days=1))
    (row,) = profiles_of(made, AS_OF + timedelta(days=1)).collect().to_dicts()
    assert (row["left_product"], row["left_price"], row["left_at"]) == (None, None, None)


def test_prices_may_be_those_of_products(tmp_path):
    prices = """
        title: Left behind
        looks: {dataset: looks, product: item}
        purchases: {dataset: orders}
        prices: {dataset: items, price: listed}
    """
    made = workspace(tmp_path, {"browsing/left": prices})
    rows = {"item": ["cup", "pot"], "listed": [Decimal("3.50"), Decimal("99.00")]}
    made.lake.records("items").replace(pl.DataFrame(rows))
    happened(
        made,
        "looks",
        ("ann", "view", "cup", None, 0),
        ("ann", "list", "pot", None, 0),
        ("bob", "view", "jar", None, 0),
    )
    assert left(made) == {"ann": ("pot", Decimal("99.00")), "bob": ("jar", None)}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "product: item, price: price",
            "product: sku, price: price",
            "looks: looks has no column sku; it has ",
        ),
        ("dataset: orders", "dataset: items", "purchases.dataset: items are records, and no events"),
        ("action = 'view'", "colour = 'red'", "looks.where: .*colour"),
    ],
)
def test_documents_that_do_not_fit_their_datasets_are_refused(tmp_path, old, new, said):
    made = workspace(tmp_path, {"browsing/left": DOCUMENTS["browsing/left"].replace(old, new)})
    with pytest.raises(DocumentError, match=f"browsing left: {said}"):
        find_left_behind(made, AS_OF)


def test_a_profile_that_names_no_such_document_says_which_there_are(tmp_path):
    made = workspace(tmp_path, {"profiles/member": DOCUMENTS["profiles/member"].replace("[left]", "[right]")})
    for dataset in ("looks", "orders"):
        happened(made, dataset, ("ann", "view", "cup", "3.50", 0))
    with pytest.raises(DocumentError, match=r"no document of browsing right; .*/browsing has \['left'\]"):
        build_profiles(made, AS_OF)
