"""What can be asked of the store: tables with their kinds, and how foreign keys join them."""

import psycopg
import pytest

from perennial.insights import catalogue, structure
from perennial.insights.catalogue import describe
from perennial.insights.model import load_models
from perennial.settings import REPOSITORY

MODELS = load_models(REPOSITORY / "include/sql/insights")
KNOWN = describe(MODELS.values())


def test_facts_dimensions_and_lookups():
    kinds = {kind: {table.name for table in KNOWN.of_kind(kind)} for kind in ("fact", "dimension", "lookup")}
    assert kinds["lookup"] == {"adwh_lkup_process_delta_log", "complete_days"}
    assert all("dim_" in name for name in kinds["dimension"])
    assert all("fact_" in name for name in kinds["fact"])


def test_columns_have_types_and_comments():
    columns = {column.name: column for column in KNOWN.tables["fact_predicted_value"].columns}
    assert columns["predicted_value"].type == "numeric(18,2)"
    assert columns["decile"].comment.startswith("Of predicted value")
    assert columns["count_of_profiles"].comment == ""


def test_an_audience_leads_over_its_destinations_to_their_platforms():
    found = [
        (join.alias, join.left, join.on, join.many) for join in KNOWN.joins("adwh_fact_profile_by_segment")
    ]
    fact, bridge = "adwh_fact_profile_by_segment", "adwh_dim_br_segment_destinations"
    destination, platform = "adwh_dim_destination", "adwh_dim_destination_platform"
    assert found == [
        ("adwh_dim_date", fact, f"{fact}.date_key = adwh_dim_date.date_key", False),
        ("adwh_dim_merge_policies", fact,
         f"{fact}.merge_policy_id = adwh_dim_merge_policies.merge_policy_id", False),
        ("adwh_dim_segments", fact, f"{fact}.segment_id = adwh_dim_segments.segment_id", False),
        (bridge, fact, f"{fact}.segment_id = {bridge}.segment_id", True),
        (destination, bridge, f"{bridge}.destination_id = {destination}.destination_id", False),
        (platform, destination,
         f"{destination}.destination_platform_id = {platform}.destination_platform_id", False),
    ]  # fmt: skip


def test_a_table_that_two_columns_lead_to_has_two_names():
    found = {join.alias: join.columns for join in KNOWN.joins("adwh_fact_profile_overlap_of_segments")}
    assert found["adwh_dim_segments_segment1"] == (("segment1", "segment_id"),)
    assert found["adwh_dim_segments_segment2"] == (("segment2", "segment_id"),)


def test_a_combination_has_a_row_for_each_namespace_so_that_sums_over_it_count_twice():
    found = {join.alias: join for join in KNOWN.joins("adwh_fact_profile_overlap_of_namespace")}
    assert found["adwh_dim_overlap_namespaces"].many
    assert found["adwh_dim_overlap_namespaces"].columns == (
        ("overlap_id", "overlap_id"),
        ("merge_policy_id", "merge_policy_id"),
    )
    namespaces = {join.alias: join.many for join in KNOWN.joins("adwh_fact_profile_by_namespace")}
    assert not namespaces["adwh_dim_namespaces"]


@pytest.fixture(scope="module")
def connection(store):
    with psycopg.connect(store.url, options="-c search_path=insights") as opened:
        structure.create(opened, list(MODELS.values()), list(MODELS))
        yield opened


@pytest.mark.store
@pytest.mark.parametrize("name", [table.name for table in KNOWN.of_kind("fact")])
def test_every_join_runs(connection, name):
    joins = "".join(f" LEFT JOIN {join.table} AS {join.alias} ON {join.on}" for join in KNOWN.joins(name))
    connection.execute(f"SELECT count(*) FROM {name}{joins}".encode())


@pytest.mark.store
def test_the_store_tells_the_same(connection):
    catalogue.write(connection, KNOWN)
    assert catalogue.read(connection) == KNOWN
    fewer = describe(list(MODELS.values())[3:])
    catalogue.write(connection, fewer)
    assert catalogue.read(connection) == fewer
