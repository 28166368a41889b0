"""Computed days are kept as what changed: whoever reads one gets all of it, and knows whether it holds."""

from datetime import date, timedelta

from purchases import events, moment
from value.shop import shop

from perennial.stages.value import compute_value, history

DAY = date(2018, 1, 1)


def test_a_day_on_which_there_is_nobody_can_be_read(tmp_path):
    made = shop(tmp_path)
    made.deliver(events(("c", "b", "p1", "1.00", moment(2018, 2, 1))))
    compute_value(made.workspace, DAY)
    assert history(made.workspace, "value").read(DAY).collect().is_empty()


def test_the_last_customer_leaves_the_window(tmp_path):
    made = shop(tmp_path, lookbacks=[1])
    made.deliver(events(("c", "b", "p1", "1.00", moment(2017, 12, 1))))
    for day in (DAY, DAY + timedelta(days=1)):
        compute_value(made.workspace, day)
    past = history(made.workspace, "value")
    assert [past.read(day).collect().height for day in (DAY, DAY + timedelta(days=1))] == [2, 0]
