"""Which alerts a document wants to hear, and where they go."""

import re
from typing import Any, get_args

import pytest
import yaml

from perennial.alerts.definition import Alerts, channels_of
from perennial.alerts.notice import EVENTS, Channel, Notice
from perennial.documents import DocumentError, load
from perennial.settings import REPOSITORY
from perennial.signals.expectations import Expectation, Measure


def notice(event: Any = "failure", dag: str = "activation_email", amount: int | None = None) -> Notice:
    return Notice("key", event, dag, "run", "It failed.", amount=amount)


def alerts(**said: Any) -> Alerts:
    return Alerts(**{"name": "one", "title": "One", **said})


@pytest.mark.parametrize(
    ("said", "told", "expected"),
    [
        ({}, notice(), True),
        ({}, notice("success"), False),
        ({"events": ["success"]}, notice("success"), True),
        ({"dags": ["signals_*"]}, notice(), False),
        ({"dags": ["signals_*", "activation_*"]}, notice(), True),
        ({"except_dags": ["activation_email"]}, notice(), False),
        ({"quarantined_rows": 10}, notice("quarantine", amount=10), False),
        ({"quarantined_rows": 10}, notice("quarantine", amount=11), True),
        ({"delay_minutes": 30}, notice("delay", amount=30), True),
        ({"delay_minutes": 30}, notice("delay", amount=60), False),
    ],
)
def test_what_a_document_wants_to_hear(said, told, expected):
    assert alerts(**said).wants(told) is expected


def test_a_place_that_two_documents_name_is_told_once():
    one = alerts(slack="ops", email=["a@example.com"])
    two = alerts(name="two", slack="ops", smtp="other", email=["a@example.com"], webhook="hook")
    assert channels_of({"one": one, "two": two}, notice()) == [
        Channel("slack", "ops"),
        Channel("email", "smtp_default", "a@example.com"),
        Channel("webhook", "hook"),
        Channel("email", "other", "a@example.com"),
    ]
    assert channels_of({"one": one}, notice("start")) is None
    assert channels_of({"one": alerts()}, notice()) == [], "it stands on the page"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title: A\nevents: [fail]\n", r"events\.0: Input should be 'start', 'success'.*found 'fail'"),
        ("title: A\ndelay_minutes: 2000\n", r"delay_minutes: .*less than or equal to 1440; found 2000"),
        ("title: A\nemail: [ann]\n", r"no e-mail address: ann"),
    ],
)
def test_a_mistake_says_where_it_is(tmp_path, text, says):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError, match=says):
        load(path, Alerts)


def test_slack_is_given_text_in_which_nothing_is_a_link_or_a_mention():
    said = Notice(
        "k", "failure", "d", "r", "A <!channel> & B", "<x>", "https://host/dags/d/runs/r"
    ).as_slack()
    assert said == {
        "text": "A &lt;!channel&gt; &amp; B\nDag `d`, run `r` <https://host/dags/d/runs/r|open>\n```&lt;x&gt;```"
    }


def test_the_manual_names_every_key_and_every_event(tmp_path):
    manual = (REPOSITORY / "docs/operations.md").read_text()
    known = [*(set(Alerts.model_fields) - {"name"}), *EVENTS, *Expectation.model_fields, *get_args(Measure)]
    assert [key for key in known if f"`{key}`" not in manual] == []
    examples = dict(re.findall(r"<!-- example: (\S+) -->\n```yaml\n(.*?)```", manual, re.DOTALL))
    (tmp_path / "night.yaml").write_text(examples["alerts.yaml"])
    assert load(tmp_path / "night.yaml", Alerts).is_about("signals_batch")
    expectations = yaml.safe_load(examples["expectations.yaml"])["expectations"]
    assert {each["measure"] for each in expectations} == {*get_args(Measure)}
    assert [Expectation.model_validate(each) for each in expectations]
