"""The Spark hook: connections as people write them, against a running server."""

import json
import re

import pytest

from perennial.hooks.spark import SparkHook
from perennial.lake.spark.cluster import Cluster, SparkError


def _connection(monkeypatch: pytest.MonkeyPatch, fields: dict[str, object] | str) -> SparkHook:
    written = fields if isinstance(fields, str) else json.dumps({"conn_type": "spark_connect", **fields})
    monkeypatch.setenv("AIRFLOW_CONN_PERENNIAL_SPARK", written)
    return SparkHook()


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "sc://spark:15002"}, "sc://spark:15002"),
        ({"host": "sc://spark:15002/;token=t"}, "sc://spark:15002/;token=t"),
        ({"host": "spark", "port": 15003}, "sc://spark:15003"),
        (
            {"host": "sc://spark", "login": "ann", "password": "a b;c", "extra": {"use_ssl": True}},
            "sc://spark/;user_id=ann;token=a%20b%3Bc;use_ssl=true",
        ),
        ({"host": "local[2]"}, "local[2]"),
        ({"host": "spark://master:7077"}, "spark://master:7077"),
        ("sc://spark:15002/;token=t", "sc://spark:15002/;token=t"),
    ],
)
def test_a_connection_gives_the_url(fields, url, monkeypatch):
    assert _connection(monkeypatch, fields).get_conn().url == url


def test_the_lake_may_have_another_name_there(monkeypatch):
    extra = {"lake": "abfss://lake@account/", "settings": {"spark.sql.shuffle.partitions": 64}}
    found = _connection(monkeypatch, {"host": "sc://spark", "extra": extra}).get_conn()
    assert found == Cluster("sc://spark", "abfss://lake@account/", {"spark.sql.shuffle.partitions": "64"})


def test_without_a_connection_it_is_said_what_to_do(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_PERENNIAL_SPARK", raising=False)
    with pytest.raises(
        SparkError, match="`engine: spark` takes a connection perennial_spark, and there is none"
    ):
        SparkHook().get_conn()


def test_a_host_is_needed(monkeypatch):
    with pytest.raises(SparkError, match="connection perennial_spark: give a host"):
        _connection(monkeypatch, {"password": "t"}).get_conn()


def test_a_good_connection_is_told(spark, monkeypatch):
    works, message = _connection(monkeypatch, {"host": spark.url}).test_connection()
    assert (works, bool(re.fullmatch(r"Spark 4\.\d+\.\d+", message))) == (True, True)


def test_a_server_that_is_not_there_is_told(monkeypatch):
    works, message = _connection(monkeypatch, {"host": "sc://localhost:9/;token=secret"}).test_connection()
    assert not works
    assert "no Spark Connect server answers at localhost:9" in message
    assert "secret" not in message


def test_the_constructor_does_no_io():
    assert SparkHook("no such connection").spark_conn_id == "no such connection"
