"""The star schema of one day of four people, counted by hand: identities, audiences, predictions."""

import shutil
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import psycopg
import pytest

from perennial.lake.audiences import EVALUATIONS
from perennial.lake.lifetime import LIFETIME_MODELS, LIFETIME_SCORES
from perennial.settings import REPOSITORY, Settings
from perennial.stages.insights import refresh_insights
from perennial.stages.workspace import Workspace

pytestmark = pytest.mark.store
DAY, AS_OF = date(2017, 12, 26), date(2017, 12, 27)
MAILED, CARD, APP = ["email", "email_sha256", "household"], ["household"], ["device", "device", "household"]
HOUSEHOLDS = {"a": MAILED, "b": CARD, "c": APP, "d": MAILED}
ALONE = {**dict.fromkeys("abcd", CARD), "x": ["device"]}
MEMBERS = [
    ("top_spenders", "a", "entered"),
    ("top_spenders", "c", "entered"),
    ("lapsing", "a", "kept"),
    ("lapsing", "d", "exited"),
]
SIZES = {"top_spenders": 2, "lapsing": 1, "window_shoppers": 0, "big_baskets": None}
"""Nobody shopped through the window; big baskets could not be evaluated."""
SCORES = [("a", 0.955, 30.0), ("b", 0.05, 10.0), ("c", 1.0, 20.0)]

Ask = Callable[[str], list[tuple]]


@pytest.fixture(scope="module")
def ask(store, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Runs a query on the refreshed store."""
    folder = tmp_path_factory.mktemp("star")
    shutil.copytree(REPOSITORY / "include", folder / "include")
    with (folder / "include/profiles/household.yaml").open("a") as file:
        file.write("default: true\n")
    (folder / "include/profiles/alone.yaml").write_text(
        "title: Each identity alone\nperson: household\nevents: [transactions]\nstitching: none\n"
    )
    for model in (folder / "include/sql/insights").glob("*.sql"):
        if not model.stem.startswith(("adwh_", "complete_days")):
            model.unlink()
    workspace = Workspace(Settings(folder / "include", str(folder / "lake"), str(folder), folder / "spool"))
    fill(workspace)
    refresh_insights(workspace, store.url, "daily", AS_OF)

    def answer(sql: str) -> list[tuple]:
        with psycopg.connect(store.url, options="-c search_path=insights") as connection:
            return connection.execute(sql.encode()).fetchall()

    return answer


def fill(workspace: Workspace) -> None:
    lake = workspace.lake
    lake.events("transactions").append(pl.DataFrame({"basket_id": ["1"], "event_date": [DAY]}))
    lake.profiles.replace(people(HOUSEHOLDS), AS_OF)
    lake.profiles_by("alone").replace(people(ALONE), AS_OF)
    members = pl.DataFrame(MEMBERS, schema=["audience", "person_id", "status"], orient="row")
    lake.membership.replace(members.with_columns(as_of=pl.lit(AS_OF)), AS_OF)
    evaluated = [
        dict.fromkeys(EVALUATIONS) | {"audience": name, "size": size, "as_of": AS_OF}
        for name, size in SIZES.items()
    ]
    lake.evaluations.replace(pl.DataFrame(evaluated, schema=EVALUATIONS), AS_OF)
    scores: list[dict[str, Any]] = [
        dict.fromkeys(LIFETIME_SCORES)
        | {"person_id": person, "p_alive": alive, "predicted_value": value, "fit_id": "f"}
        for person, alive, value in SCORES
    ]
    scored = pl.DataFrame(scores, schema=LIFETIME_SCORES).with_columns(as_of=pl.lit(AS_OF))
    lake.lifetime("lifetime").replace(scored, AS_OF)
    fit = dict.fromkeys(LIFETIME_MODELS) | {"fit_id": "f", "definition": "lifetime", "revision": 0}
    fit |= {"as_of": date(2017, 12, 1), "fits": [], "quality": [], "deciles": []}
    lake.lifetime_models.append(pl.DataFrame([fit], schema=LIFETIME_MODELS))


def people(known: dict[str, list[str]]) -> pl.DataFrame:
    rows = [
        {
            "person_id": person,
            "identities": [{"namespace": name, "value": f"{person}{n}"} for n, name in enumerate(names)],
            "as_of": AS_OF,
        }
        for person, names in known.items()
    ]
    return pl.DataFrame(rows)


POLICY = "JOIN adwh_dim_merge_policies USING (merge_policy_id)"
NAMESPACE = "JOIN adwh_dim_namespaces USING (namespace_id, merge_policy_id)"
AUDIENCE = "JOIN adwh_dim_segments USING (segment_id)"
COMBINATION = "JOIN (SELECT DISTINCT overlap_id, merge_policy_id, overlap_name FROM adwh_dim_overlap_namespaces) c USING (overlap_id, merge_policy_id)"  # noqa: E501
ALL_MAILED = "email + email_sha256 + household"


def test_profiles_are_counted_by_each_policy(ask: Ask):
    assert ask(
        "SELECT date_key, merge_policy, count_of_profiles, count_of_single_identity_profiles, "
        f"count_of_orphan_profiles, count_of_identities FROM adwh_fact_profile {POLICY} ORDER BY 2"
    ) == [(DAY, "alone", 5, 5, 5, 5), (DAY, "household", 4, 1, 2, 10)]
    assert ask(f"SELECT merge_policy, count_of_profiles FROM adwh_fact_profile_by_trendlines {POLICY}"
               " ORDER BY 1") == [("alone", 5), ("household", 4)]  # fmt: skip


def test_policies_have_a_default_and_a_table(ask: Ask):
    columns = "merge_policy, dataset_id, is_default_merge_policy"
    assert ask(f"SELECT {columns} FROM adwh_dim_merge_policies ORDER BY 1") == [
        ("alone", "profiles/alone", False),
        ("household", "profiles/snapshot", True),
    ]  # fmt: skip


def test_a_profile_counts_under_each_of_its_namespaces_once(ask: Ask):
    counts = "count_of_profiles, count_of_single_identity_profiles"
    for table in ("adwh_fact_profile_by_namespace", "adwh_fact_profile_by_namespace_trendlines"):
        found = ask(
            f"SELECT merge_policy, namespace, {counts} FROM {table} {NAMESPACE} {POLICY} ORDER BY 1, 2"
        )
        assert found == [
            ("alone", "device", 1, 1),
            ("alone", "household", 4, 4),
            ("household", "device", 1, 0),
            ("household", "email", 2, 0),
            ("household", "email_sha256", 2, 0),
            ("household", "household", 4, 1),
        ]


def test_combinations_of_namespaces_have_a_row_for_each_member_and_add_up_to_all_profiles(ask: Ask):
    assert ask(
        f"SELECT overlap_name, overlap_namespaces FROM adwh_dim_overlap_namespaces {POLICY} "
        "WHERE merge_policy = 'household' ORDER BY 1, 2"
    ) == [
        ("device + household", "device"),
        ("device + household", "household"),
        *((ALL_MAILED, namespace) for namespace in MAILED),
        ("household", "household"),
    ]
    assert ask(
        "SELECT merge_policy, overlap_name, count_of_profiles "
        f"FROM adwh_fact_profile_overlap_of_namespace {COMBINATION} {POLICY} ORDER BY 1, 2"
    ) == [
        ("alone", "device", 1),
        ("alone", "household", 4),
        ("household", "device + household", 1),
        ("household", ALL_MAILED, 2),
        ("household", "household", 1),
    ]


def test_audiences_count_members_those_who_came_and_left_and_their_identities(ask: Ask):
    found = ask(
        "SELECT segment, merge_policy, count_of_profiles, count_of_calculated_realized_profiles, "
        "count_of_existing_profiles, count_of_exited_profiles, count_of_identities, "
        "count_of_single_identity_profiles "
        f"FROM adwh_fact_profile_by_segment {AUDIENCE} {POLICY} ORDER BY 1"
    )
    assert found == [
        ("lapsing", "household", 1, 0, 1, 1, 3, 0),
        ("top_spenders", "household", 2, 2, 0, 0, 6, 0),
        ("window_shoppers", "household", 0, 0, 0, 0, 0, 0),
    ]
    sizes = ask(f"SELECT segment, count_of_profiles FROM adwh_fact_profile_by_segment_trendlines {AUDIENCE}")
    assert sorted(sizes) == [("lapsing", 1), ("top_spenders", 2), ("window_shoppers", 0)]


def test_audiences_by_namespace_and_by_combination(ask: Ask):
    by_namespace = [
        ("lapsing", "email", 1),
        ("lapsing", "email_sha256", 1),
        ("lapsing", "household", 1),
        ("top_spenders", "device", 1),
        ("top_spenders", "email", 1),
        ("top_spenders", "email_sha256", 1),
        ("top_spenders", "household", 2),
    ]
    fact = "adwh_fact_profile_by_segment_and_namespace"
    for table in (fact, f"{fact}_trendlines"):
        query = (
            f"SELECT segment, namespace, count_of_profiles FROM {table} {AUDIENCE} {NAMESPACE} ORDER BY 1, 2"
        )
        assert ask(query) == by_namespace
    table = "adwh_fact_profile_overlap_of_namespace_by_segment"
    query = (
        f"SELECT segment, overlap_name, count_of_profiles FROM {table} {AUDIENCE} {COMBINATION} ORDER BY 1, 2"
    )
    assert ask(query) == [
        ("lapsing", ALL_MAILED, 1),
        ("top_spenders", "device + household", 1),
        ("top_spenders", ALL_MAILED, 1),
    ]


def test_a_pair_of_audiences_is_there_once_and_those_without_common_members_are_not(ask: Ask):
    query = "SELECT segment1 < segment2, one.segment, other.segment, count_of_overlap " \
        "FROM adwh_fact_profile_overlap_of_segments " \
        "JOIN adwh_dim_segments AS one ON segment1 = one.segment_id " \
        "JOIN adwh_dim_segments AS other ON segment2 = other.segment_id"  # fmt: skip
    ((ordered, *pair, overlap),) = ask(query)
    assert (ordered, sorted(pair), overlap) == (True, ["lapsing", "top_spenders"], 1)


def test_scores_are_per_cent_of_a_probability_and_percentiles_of_a_value(ask: Ask):
    columns = "model, score, score_date, created_date, count_of_profiles"
    models = "JOIN adwh_dim_ai_models USING (model_id, merge_policy_id)"
    facts = (DAY, date(2017, 11, 30), 1)
    scores = [("p_alive", 5), ("p_alive", 95), ("p_alive", 99)]
    scores += [("predicted_value", 97), ("predicted_value", 98), ("predicted_value", 99)]
    wanted = [(f"lifetime/{kind}", score, *facts) for kind, score in scores]
    assert ask(f"SELECT {columns} FROM adwh_fact_profile_ai_models {models} ORDER BY 1, 2") == wanted
    table = "adwh_fact_profile_by_segment_ai_models"
    assert ask(f"SELECT segment, model, score FROM {table} {models} {AUDIENCE} ORDER BY 1, 2, 3") == [
        ("lapsing", "lifetime/p_alive", 95),
        ("lapsing", "lifetime/predicted_value", 99),
        ("top_spenders", "lifetime/p_alive", 95),
        ("top_spenders", "lifetime/p_alive", 99),
        ("top_spenders", "lifetime/predicted_value", 98),
        ("top_spenders", "lifetime/predicted_value", 99),
    ]
    assert ask("SELECT model_type FROM adwh_dim_ai_models ORDER BY 1") == [("probability",), ("rank",)]


def test_an_activation_is_a_destination_that_nothing_was_sent_to_yet(ask: Ask):
    assert ask(
        "SELECT destination, destination_name, destination_platform_name, destination_status, create_time "
        "FROM adwh_dim_destination JOIN adwh_dim_destination_platform USING (destination_platform_id)"
        " ORDER BY destination"
    ) == [
        ("agency", "Our best customers, for the agency", "Files", "enabled", None),
        ("email", "Newsletter audiences in SendGrid", "SendGrid", "enabled", None),
    ]
    mapped = ask(
        f"SELECT segment, start_date::text, end_date::text FROM adwh_dim_br_segment_destinations {AUDIENCE}"
    )
    # Two of them go to both destinations.
    names = ["deli_not_produce", "lapsing", "lapsing", "left_behind", "top_spenders", "top_spenders"]
    assert sorted(mapped) == [(name, "9999-12-31", "9999-12-31") for name in names]


def test_the_day_is_complete_for_each_policy_that_has_profiles_of_it(ask: Ask):
    assert ask(f"SELECT process_name, process_status, process_date, merge_policy "
               f"FROM adwh_lkup_process_delta_log {POLICY} ORDER BY 4") == [
        ("FACT_TABLES_PROCESSING", "SUCCESSFUL", DAY, "alone"),
        ("FACT_TABLES_PROCESSING", "SUCCESSFUL", DAY, "household"),
    ]  # fmt: skip
    assert ask("SELECT date_key, merge_policy, is_default_merge_policy FROM complete_days ORDER BY 2") == [
        (DAY, "alone", False),
        (DAY, "household", True),
    ]


def test_ids_are_stable_hashes_of_names(ask: Ask):
    # The first eight hexadecimal digits of the name's MD5, less 2³¹.
    assert ask("SELECT merge_policy_id FROM adwh_dim_merge_policies WHERE merge_policy = 'household'") == [
        (1927113735,)
    ]
    assert ask("SELECT segment_id FROM adwh_dim_segments WHERE segment = 'top_spenders'") == [(-1314492720,)]
    query = "SELECT DISTINCT overlap_id FROM adwh_dim_overlap_namespaces WHERE overlap_name LIKE 'email%'"
    assert ask(query) == [(-1134350776,)]
