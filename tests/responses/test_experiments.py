"""Who takes part in the comparison that a campaign is: members, in the arm that they drew."""

from datetime import UTC, date, datetime

import polars as pl

from perennial.activation.holdout import HELD_OUT, SCHEMA, TREATED
from perennial.responses.experiments import campaign_people

DAY = date(2024, 3, 1)
NINE = datetime(2024, 3, 1, 9, tzinfo=UTC)


def events(*rows: tuple[str, str, str, datetime]) -> pl.LazyFrame:
    """(campaign, person, type, when)."""
    columns = ["campaign_id", "person_id", "event_type", "event_time"]
    frame = pl.LazyFrame(rows, columns, orient="row")
    return frame.with_columns(audience=pl.lit("rich"), sent_as_of=pl.lit(DAY))


def members(**status: str) -> pl.LazyFrame:
    return pl.LazyFrame(
        {"person_id": [*status], "status": [*status.values()], "audience": "rich", "as_of": DAY}
    )


def drawn(activation: str, as_of: date = DAY, **arms: str) -> pl.DataFrame:
    rows = [(activation, "rich", person, arm, 0.5, None, as_of) for person, arm in arms.items()]
    return pl.DataFrame(rows, {"activation": pl.String, **SCHEMA, "as_of": pl.Date}, orient="row")


def test_members_count_in_their_arm_whether_the_message_reached_them_or_not():
    later = NINE.replace(hour=10)
    found = campaign_people(
        events(("c", "ann", "sent", later), ("c", "bob", "sent", NINE), ("c", "cid", "dropped", NINE)),
        members(ann="kept", bob="exited", cid="entered", dan="kept", eve="kept"),
        pl.concat(
            [
                drawn("mail", ann=TREATED, bob=TREATED, cid=TREATED, dan=HELD_OUT),
                drawn("mail", date(2024, 3, 2), eve=HELD_OUT),
            ]
        ).lazy(),
    ).collect()
    people = found.sort("person_id").select("person_id", "arm", "sent").rows()
    assert people == [("ann", TREATED, True), ("cid", TREATED, False), ("dan", HELD_OUT, False)]
    assert {*found["sent_at"]} == {NINE}, "one moment for both arms"


def test_of_two_activations_it_is_the_one_to_whose_treated_people_it_went():
    one = drawn("a", ann=TREATED, bob=TREATED, cid=HELD_OUT, dan=HELD_OUT)
    other = drawn("b", ann=TREATED, bob=HELD_OUT, cid=TREATED, dan=TREATED)
    everybody = members(ann="kept", bob="kept", cid="kept", dan="kept")
    sent = events(("c", "ann", "sent", NINE), ("c", "bob", "sent", NINE))
    found = campaign_people(sent, everybody, pl.concat([other, one]).lazy()).collect()
    assert {*found.filter(arm=HELD_OUT)["person_id"]} == {"cid", "dan"}


def test_a_campaign_that_pays_no_regard_to_who_is_held_out_is_not_there():
    arms = drawn("a", ann=TREATED, bob=HELD_OUT).lazy()
    sent = events(("c", "ann", "sent", NINE), ("c", "bob", "sent", NINE))
    assert campaign_people(sent, members(ann="kept", bob="kept"), arms).collect().is_empty()
