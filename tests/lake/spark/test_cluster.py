"""Sessions of Spark: what is wrong is said, at once, and without secrets."""

import pytest

from perennial.lake.spark.cluster import Cluster, SparkError, SparkUnavailable


def test_a_session_computes_in_utc_and_fails_rather_than_wrap_around(spark):
    with spark.session() as session:
        assert session.sql("select cast(timestamp '2018-01-01' as bigint) as t").collect()[0].t == 1514764800
        assert session.conf.get("spark.sql.ansi.enabled") == "true"


def test_each_session_is_its_own(spark):
    with spark.session() as first, spark.session() as second:
        first.sql("select 1 as x").createOrReplaceTempView("mine")
        assert first.table("mine").count() == 1
        assert not second.catalog.tableExists("mine")


def test_a_wrong_query_is_terminal(spark):
    with pytest.raises(SparkError, match=f"Spark at {spark.place}: "), spark.session() as session:
        session.sql("select nothing from nowhere").collect()


def test_who_has_no_token_is_refused(clusters):
    cluster = clusters("java")
    for url in (cluster.place, f"{cluster.place}/;token=wrong"):
        with pytest.raises(SparkError, match="UNAUTHENTICATED") as raised, Cluster(url).session():
            pass
        assert "wrong" not in str(raised.value)


def test_a_server_that_is_not_there_may_be_there_later():
    with pytest.raises(SparkUnavailable, match="no Spark Connect server answers at localhost:9"):  # noqa: SIM117
        with Cluster("sc://localhost:9/;token=secret").session():
            pass


def test_a_server_that_speaks_otherwise_is_given_up_soon(sail):
    url = sail.url.replace("localhost", "127.0.0.1") + "/;use_ssl=true"
    with (
        pytest.raises(SparkUnavailable, match=r"UNAVAILABLE .*; trying again may help"),
        Cluster(url).session(),
    ):
        pass


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://spark", "http://spark: expected a Spark Connect URL such as sc://host:15002"),
        ("sc://spark:port", "sc://spark:port: Port could not be cast"),
        ("local[2]", "takes a full PySpark and Java, and only the client of Spark Connect is installed"),
        ("spark://master:7077", "spark://master:7077: a session in this process takes a full PySpark"),
    ],
)
def test_a_url_that_cannot_be_is_explained(url, message):
    with pytest.raises(SparkError) as raised, Cluster(url).session():
        pass
    assert message in str(raised.value)


def test_a_token_is_never_shown():
    cluster = Cluster("sc://spark:15002/;user_id=ann;token=secret")
    assert "secret" not in repr(cluster) + cluster.place
