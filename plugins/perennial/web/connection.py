"""The Airflow connection `perennial_store_reader` in, libpq's connection string out."""

import json

from psycopg.conninfo import make_conninfo

from perennial.web.store import StoreRefused

CONNECTION = "perennial_store_reader"
_PASSED_ON = ("host", "sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs")


def store_conninfo() -> str:
    """Where the store is, from whichever secrets backend Airflow uses.

    Extra fields that libpq knows (`host` for a socket's folder, `sslmode`, ...) are passed on.

    :raises StoreRefused: nobody has defined the connection.
    """
    from airflow.exceptions import AirflowNotFoundException
    from airflow.models.connection import Connection

    try:
        connection = Connection.get_connection_from_secrets(CONNECTION)
    except AirflowNotFoundException as error:
        raise StoreRefused(
            "unreachable",
            f"The Airflow connection {CONNECTION} is not defined.",
            f"Set AIRFLOW_CONN_{CONNECTION.upper()}, or add it under Admin, Connections.",
        ) from error
    extra = json.loads(connection.extra or "{}")
    fields = {
        "host": connection.host,
        "port": connection.port,
        "user": connection.login,
        "password": connection.password,
        "dbname": connection.schema or "perennial",
    } | {key: extra[key] for key in _PASSED_ON if key in extra}
    return make_conninfo(**{key: value for key, value in fields.items() if value})
