"""The round trip as a person runs it: Airflow's backfill sets off every stage, and the numbers are right."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import polars as pl
import pytest
import requests
import scipy.stats
from expected import WINDOWS, deciles_in_sql, spend_and_lines

from perennial.audiences.standing import standing
from perennial.local.airflow_api import Run
from perennial.local.environment import sandbox_url
from perennial.local.stack import Stack
from perennial.sandbox import agency, app
from perennial.stages.value import history

from .journey import Journey, eventually, task_process

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

AS_OF = date(2018, 1, 1)
QUIET = {"health", "movement"}
"""Widgets that may be empty: in three days no size of an audience need be unusual, and no window ends."""
ACTIVATING = ["activation_email", "activation_agency", "sandbox_campaigns"]
COMPUTING = [
    "bots",
    "customer_value",
    "abandoned_browse",
    "lifetime_value",
    "profiles",
    "audiences",
    "insights",
]


@pytest.fixture(scope="module")
def lake(journey: Journey) -> dict[str, pl.DataFrame]:
    """The lake as the demo left it."""
    return journey.lake_rows()


@pytest.fixture(scope="module")
def store(journey: Journey) -> dict[str, list[tuple]]:
    """The star schema as the demo left it."""
    return journey.store_rows()


def unchanged(journey: Journey, lake: dict[str, pl.DataFrame], store: dict[str, list[tuple]]) -> None:
    now = journey.lake_rows()
    assert now.keys() == lake.keys()
    for name, rows in now.items():
        assert rows.equals(lake[name]), f"{name} of the lake has changed"
    for name, found in journey.store_rows().items():
        assert found == store[name], f"{name} of the store has changed"


@pytest.mark.parametrize(("window", "months"), WINDOWS.items())
def test_deciles_of_the_last_day_equal_ntile_over_the_source(journey, window, months):
    columns = ["spend", "baskets", "spend_decile", "baskets_decile"]
    ours = history(journey.workspace, "customer_value").read(AS_OF).filter(lookback=window).collect()
    ours = ours.select("person_id", "dimension", "dimension_value", *columns).drop_nulls()
    assert (
        ours.sort("dimension", "dimension_value", "person_id").rows() == deciles_in_sql(AS_OF, months).rows()
    )


def test_spend_in_the_store_equals_the_source_to_the_cent(journey):
    assert journey.query("SELECT sum(spend), sum(lines) FROM insights.fact_sales_by_day") == [
        spend_and_lines()
    ]


def test_every_day_is_complete(journey):
    days = [(day,) for day in journey.demo.days]
    assert journey.query("SELECT process_date FROM insights.adwh_lkup_process_delta_log ORDER BY 1") == days
    assert journey.query("SELECT date_key FROM insights.adwh_fact_profile ORDER BY 1") == days


def test_members_of_a_day_are_those_of_the_day_before_who_stayed_and_those_who_came(journey):
    reconciled = journey.query("""
        SELECT bool_and(count_of_profiles = came + stayed AND (before IS NULL OR stayed + gone = before))
        FROM (
            SELECT count_of_profiles, count_of_calculated_realized_profiles AS came,
                count_of_existing_profiles AS stayed, count_of_exited_profiles AS gone,
                lag(count_of_profiles) OVER (PARTITION BY segment_id ORDER BY date_key) AS before
            FROM insights.adwh_fact_profile_by_segment
        ) AS days
    """)
    assert reconciled == [(True,)]


def test_as_events_come_the_same_people_are_in_audiences_as_by_day(journey):
    lake = journey.workspace.lake
    streamed = [name for name, each in journey.workspace.audiences.items() if each.evaluation == "stream"]
    live = standing(lake.live_membership).explode("audiences").drop_nulls()
    daily = lake.membership.scan().filter(pl.col("status") != "exited", as_of=AS_OF).collect()
    wanted = daily.filter(pl.col("audience").is_in(streamed)).select("audience", "person_id")
    assert wanted.height
    assert set(live.select("audiences", "person_id").rows()) == set(wanted.rows())


def test_the_responses_came_back_each_once(journey, lake):
    events = lake["responses/email_events"]
    assert events["event_id"].is_unique().all()
    assert events["person_id"].null_count() == 0
    status = requests.get(f"{sandbox_url(journey.stack.state)}/sandbox/status", timeout=10).json()
    assert status["pending"] == 0
    assert status["campaigns"] > 0
    totals = "SELECT sum(sent), sum(delivered), sum(opens_unique), sum(clicks_unique)"
    ((sent, delivered, opened, clicked),) = journey.query(f"{totals} FROM insights.fact_email_response")
    assert sent == events.filter(event_type="sent").height
    assert sent > delivered > opened > clicked > 0
    deciles = "SELECT count(DISTINCT decile), count(DISTINCT segment_id) FROM insights.fact_email_response"
    assert journey.query(deciles) == [(10, 4)]


def test_a_campaign_is_followed_from_its_audience_to_what_it_brought(journey, lake):
    """Saturday's, to people who lapse: a part of them is held out, and both parts are compared."""
    day = date(2017, 12, 30)
    members = lake["audiences/membership"].filter(pl.col("status") != "exited", audience="lapsing", as_of=day)
    arms = dict(
        journey.query("""
        SELECT person_id, arm FROM activation.assignment
        WHERE activation = 'email' AND audience = 'lapsing' AND as_of <= '2017-12-30 00:00Z'
    """)
    )
    assert {*members["person_id"]} <= {*arms}, "everybody has an address, and so drew a lot"
    everywhere = "SELECT person_id FROM activation.assignment WHERE activation = 'email' AND arm = 'held_out'"
    held_out = {person for (person,) in journey.query(everywhere)}
    assert len(held_out) > 20
    events = lake["responses/email_events"]
    assert not held_out & {*events["person_id"]}, "nobody who is held out was sent anything"
    ((counted,),) = journey.query("SELECT max((counts ->> 'held_out')::int) FROM activation.run")
    assert 0 < counted <= len(held_out)
    sent = events.filter(event_type="sent", audience="lapsing", sent_as_of=day)
    begun = sent["event_time"].min()
    bought = lake["events/transactions"].filter(pl.col("event_time") >= begun)
    spent = bought.group_by("household_id").agg(pl.col("sales_value").sum().cast(pl.Float64))
    money = dict(spent.iter_rows())
    one, two = (
        [money.get(person, 0.0) for person in members["person_id"] if arms[person] == arm]
        for arm in ("treated", "held_out")
    )
    welch = scipy.stats.ttest_ind(one, two, equal_var=False)
    ((campaign,),) = {*sent.select("campaign_id").iter_rows()}
    found = journey.query(f"""
        SELECT treated, held_out, observed_days, treated_mean, held_out_mean, low, high
        FROM insights.fact_campaign_lift
        WHERE campaign_id = '{campaign}' AND outcome = 'revenue' AND decile = -1 AND window_days = 3
    """)
    means = (sum(one) / len(one), sum(two) / len(two))
    expected = (len(one), len(two), 1, *means, *welch.confidence_interval())
    assert found == [pytest.approx(expected)]


def test_every_widget_has_something_to_show_and_only_to_those_who_signed_in(journey):
    dashboards = f"{journey.url}/perennial/api/dashboards"
    assert requests.get(dashboards, timeout=30).status_code == 401
    token = {"username": "viewer", "password": journey.stack.secret.viewer_password}
    session = requests.Session()
    answer = session.post(f"{journey.url}/auth/token", json=token, timeout=30).json()
    session.headers["Authorization"] = f"Bearer {answer['access_token']}"
    shown = 0
    for dashboard in session.get(dashboards, timeout=30).json():
        document = session.get(f"{dashboards}/{dashboard['name']}", timeout=30).json()
        for widget in document["widgets"]:
            address = f"{dashboards}/{dashboard['name']}/widgets/{widget['id']}"
            rows = session.get(address, timeout=30).json()["rows"]
            assert rows or widget["id"] in QUIET, f"{dashboard['name']}: {widget['title']} is empty"
            shown += 1
    assert shown >= 40


def test_messages_and_uploads_came_in_each_row_once(journey, lake):
    sent = {message["id"] for message in app.messages()}
    assert sorted(lake["events/app_events"]["message_id"]) == sorted(sent)
    batches = (
        lake["signals/batches"]
        .group_by("dataset")
        .agg(pl.col("read", "accepted", "duplicate", "failed").sum())
    )
    counts = {name: tuple(rest) for name, *rest in batches.iter_rows()}
    repeated = len(app.messages()[:: app.REPEATED])
    assert counts["app_events"] == (len(sent) + repeated + 4, len(sent), repeated, 4)
    answers = agency.answers().decode("cp1252").splitlines()[1:]
    assert counts["survey_answers"] == (len(answers), len(answers) - 3, 0, 3)
    words = lake["events/survey_answers"]["comment"].unique()
    assert "Très bien, merci" in words, "the file's encoding was understood"


def test_looking_after_the_lake_the_demo_again_and_a_dry_run_change_nothing(journey, lake, store):
    run = journey.finished(journey.api.trigger("lake_maintenance", {}))
    assert run.state == "success", journey.api.failure(run)
    assert journey.demo.run() is False
    key = journey.demo.keys[0]
    before = journey.runs_of(COMPUTING, key)
    body = {"logical_date": None, "partition_key": key, "conf": {"dry_run": True}}
    found = journey.api._call("POST", "/dags/signals_batch/dagRuns", json=body)
    run = journey.finished(journey.api.run("signals_batch", found["dag_run_id"]))
    assert (run.state, run.key) == ("success", key)
    settled(journey)
    assert journey.runs_of(COMPUTING, key) == before, "a dry run starts no other stage"
    unchanged(journey, lake, store)


def test_a_day_of_the_backfill_again_with_tasks_killed_leaves_the_same_tables(journey, lake, store):
    key, killed = journey.demo.keys[1], {"customer_value": "rank", "insights": "refresh"}
    stages = ["signals_batch", *COMPUTING, *ACTIVATING]
    before = {run.run_id for run in journey.runs_of(stages, key)}
    body = {
        "dag_id": "signals_batch",
        "from_date": f"{key}T00:00:00Z",
        "to_date": f"{key}T00:00:00Z",
        "reprocess_behavior": "completed",
    }
    journey.api._call("POST", "/backfills", json=body)

    def again() -> list[Run]:
        return [run for run in journey.runs_of(stages, key) if run.run_id not in before]

    for dag_id, task_id in killed.items():
        die = partial(_kill, journey, again, dag_id, task_id)
        eventually(die, f"{task_id} of {dag_id} runs", pause=0.05)

    def cascaded() -> bool:
        runs = again()
        return len(runs) == len(stages) and all(run.state == "success" for run in runs)

    eventually(cascaded, "all stages have run again")
    for run in again():
        if run.dag_id in killed:
            path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{killed[run.dag_id]}"
            assert journey.api._call("GET", path)["try_number"] == 2
    unchanged(journey, lake, store)


def _kill(journey: Journey, runs: Callable[[], list[Run]], dag_id: str, task_id: str) -> bool:
    """Kill a task of a Dag, if it is at work in one of these runs."""
    run = next((run for run in runs() if run.dag_id == dag_id), None)
    process = task_process(journey.api, run, task_id) if run else None
    if process is not None:
        process.kill()
    return process is not None


def test_the_agency_has_a_file_of_each_day_with_its_members(journey):
    folder = journey.stack.state.folder / "exports" / "agency"
    days = journey.demo.days
    assert len(list(folder.glob("agency_top_spenders_*.csv"))) == len(days)
    file = pl.read_csv(folder / f"agency_top_spenders_{days[-1] + timedelta(days=1):%Y%m%d}.csv")
    assert file.columns == ["EMAIL", "SPEND_DECILE", "SPEND_12M", "HOUSEHOLD_SIZE", "MEMBERSHIP"]
    lake = journey.workspace.lake
    members = lake.membership.scan().filter(
        pl.col("status") != "exited", as_of=AS_OF, audience="top_spenders"
    )
    known = lake.profiles.scan().filter(as_of=AS_OF).join(members, on="person_id", how="semi")
    active = file.filter(MEMBERSHIP="active")
    assert active["EMAIL"].is_unique().all()
    assert {*active["EMAIL"]} == {*known.select("email").drop_nulls().collect()["email"].str.to_lowercase()}


def test_a_misspelt_key_is_refused_at_once(journey):
    run = journey.finished(journey.api.trigger("customer_value", {"asof": "2017-12-31"}))
    assert run.state == "failed"
    failure = journey.api.failure(run)
    assert "unknown key in the run's configuration: asof; known: as_of" in failure
    assert "attempt 1" in failure


def test_a_corrected_row_is_replayed_from_the_form(journey, lake, store):
    reader = {"username": "admin", "password": journey.stack.secret.admin_password}
    session = requests.Session()
    answer = session.post(f"{journey.url}/auth/token", json=reader, timeout=30).json()
    session.headers.update({"Authorization": f"Bearer {answer['access_token']}", "x-perennial": "1"})
    quarantine = f"{journey.url}/perennial/api/signals/quarantine/app_events"
    rows = session.get(quarantine, timeout=30).json()["rows"]
    row = next(row for row in rows if "hover" in row["raw"])
    corrected = {"ids": [row["id"]], "raw": row["raw"].replace("hover", "view")}
    session.post(f"{quarantine}/corrections", json=corrected, timeout=30).raise_for_status()
    run = journey.finished(journey.api.trigger("signals_replay", {"dataset": "app_events"}))
    assert run.state == "success", journey.api.failure(run)
    after = journey.lake_rows()
    assert after["events/app_events"].height == lake["events/app_events"].height + 1
    left = session.get(quarantine, timeout=30).json()["rows"]
    assert row["id"] not in {each["id"] for each in left}
    assert len(left) == len(rows) - 1
    # The tables that the other tests compare with are those from now on.
    lake.update(after)


def test_nothing_of_the_stack_is_left_after_down_and_it_comes_up_again(journey, lake, store):
    from perennial.local.stack import down, up

    folder = journey.stack.state.folder
    settled(journey)
    down(folder, print)
    assert journey.stack.processes.left() == []
    assert not journey.stack.server.running()
    again = up(folder, print)
    eventually(lambda: set(again.health().values()) == {"up"}, "all of it answers")
    assert Journey(Stack.open(folder), journey.demo).store_rows() == store


def settled(journey: Journey) -> None:
    """Wait until no run is under way, those that a run by hand set off included."""
    quiet = 0

    def still() -> bool:
        nonlocal quiet
        runs = journey.api.runs([*COMPUTING, *ACTIVATING])
        quiet = 0 if any(run.state in ("queued", "running") for run in runs) else quiet + 1
        return quiet >= 10

    eventually(still, "all runs have ended", pause=0.5)
