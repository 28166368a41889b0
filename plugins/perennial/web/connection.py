"""An Airflow connection in, such as `perennial_store_reader`; libpq's connection string out."""

import json

from psycopg.conninfo import make_conninfo

from perennial.web.store import StoreRefused

CONNECTION = "perennial_store_reader"
OWNERS = "perennial_store"
_PASSED_ON = ("host", "sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs")


def store_conninfo() -> str:
    """Where the store is, for who reads it; `conninfo` says more."""
    return conninfo(CONNECTION)


def owner_conninfo() -> str:
    """Where the store is, for what is kept there about the pages themselves."""
    return conninfo(OWNERS)


def conninfo(name: str) -> str:
    """A connection of Airflow, from whichever secrets backend it uses, as libpq's connection string.

    Extra fields that libpq knows (`host` for a socket's folder, `sslmode`, ...) are passed on.

    :raises StoreRefused: nobody has defined the connection.
    """
    from airflow.exceptions import AirflowNotFoundException
    from airflow.models.connection import Connection

    try:
        connection = Connection.get_connection_from_secrets(name)
    except AirflowNotFoundException as error:
        raise StoreRefused(
            "unreachable",
            f"The Airflow connection {name} is not defined.",
            f"Set AIRFLOW_CONN_{name.upper()}, or add it under Admin, Connections.",
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
