"""The Spark hook: an Airflow connection in, a Spark to compute on out."""

from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from perennial.errors import PerennialError
from perennial.lake.spark.cluster import PORT, Cluster, SparkError


class SparkHook(BaseHook):
    """Reads where Spark is from a connection.

    Its host is a URL (`sc://host:15002`, `local[4]`, `spark://host:7077`) or a host's name, which is then one
    of Spark Connect, with a port, a login (Spark's user) and a password (its token). In `extra`: `use_ssl`;
    `lake`, the lake's root as Spark has to name it; `settings`, of Spark's sessions.

    :param spark_conn_id: the Airflow connection
    """

    conn_name_attr = "spark_conn_id"
    default_conn_name = "perennial_spark"
    conn_type = "spark_connect"
    hook_name = "Spark Connect"

    def __init__(self, spark_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.spark_conn_id = spark_conn_id

    def get_conn(self) -> Cluster:
        """Where to compute; nothing is opened yet. Raises `SparkError` if the connection is not there."""
        try:
            connection = self.get_connection(self.spark_conn_id)
        except AirflowNotFoundException:
            raise SparkError(
                f"`engine: spark` takes a connection {self.spark_conn_id}, and there is none: make one with "
                f"the host sc://<host>:{PORT}, or say `engine: polars`"
            ) from None
        extra = connection.extra_dejson
        settings = {name: str(value) for name, value in extra.get("settings", {}).items()}
        return Cluster(_url(connection, self.spark_conn_id), extra.get("lake"), settings)

    def test_connection(self) -> tuple[bool, str]:
        """Open a session and ask for the version."""
        try:
            with self.get_conn().session() as session:
                return True, f"Spark {session.version}"
        except PerennialError as error:
            return False, str(error)


def _url(connection: Any, name: str) -> str:
    host = connection.host or ""
    if not host:
        raise SparkError(f"connection {name}: give a host, such as sc://spark.example.com:{PORT}")
    if connection.conn_type == "sc" or ("://" not in host and not host.startswith("local")):
        # Given as a URI, the connection's own type is the scheme.
        host = f"sc://{host}"
    if not host.startswith("sc://"):
        return str(host)
    address, _, given = host.partition("/;")
    if connection.port:
        address = f"{address.rstrip('/')}:{connection.port}"
    parameters = [given or (connection.schema or "").strip(";")]
    if connection.login:
        parameters.append(f"user_id={quote(connection.login)}")
    if connection.password:
        parameters.append(f"token={quote(connection.password)}")
    if str(connection.extra_dejson.get("use_ssl", "")).lower() == "true":
        parameters.append("use_ssl=true")
    written = ";".join(part for part in parameters if part)
    return f"{address.rstrip('/')}/;{written}" if written else address
