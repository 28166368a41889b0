"""Every row of a store, in a form that two stores can be compared by."""

import psycopg
from psycopg import sql


def store_rows(url: str) -> dict[str, list[tuple]]:
    """Every row of the star schema, but for the log of checkpoints, which knows when it was written."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'insights' AND table_name <> 'checkpoint_log'"
        ).fetchall()
        return {
            name: sorted(
                connection.execute(sql.SQL("TABLE {}").format(sql.Identifier("insights", name))).fetchall(),
                key=repr,
            )
            for (name,) in names
        }


def empty(url: str) -> None:
    """Take the star schema away."""
    with psycopg.connect(url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS insights CASCADE")
