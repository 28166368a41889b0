"""An Airflow connection in, the options of an object store as the readers take them out."""

from collections.abc import Mapping

from airflow.sdk import BaseHook

from perennial.errors import TerminalError

NAMES: dict[str, Mapping[str, str]] = {
    "aws": {"login": "aws_access_key_id", "password": "aws_secret_access_key"},  # nosec B105
    "google_cloud_platform": {},
    "wasb": {"login": "azure_storage_account_name", "password": "azure_storage_account_key"},  # nosec B105
    "generic": {},
}
"""By the connection's type, the option that each of its fields stands for."""
EXTRAS = {
    "region_name": "aws_region",
    "endpoint_url": "aws_endpoint_url",
    "key_path": "google_service_account",
    "keyfile_dict": "google_service_account_key",
}
"""Fields of `extra` under the names that Airflow's own hooks give them."""


def storage_options(connection_id: str | None) -> dict[str, str] | None:
    """The options of a connection of type aws, google_cloud_platform, wasb or generic; None without one.

    `storage_options` in its `extra` is passed on as it is, and wins.
    """
    if connection_id is None:
        return None
    connection = BaseHook.get_connection(connection_id)
    if connection.conn_type not in NAMES:
        raise TerminalError(
            f"connection {connection_id} is of type {connection.conn_type}, which is no object store;"
            f" known: {', '.join(NAMES)}"
        )
    fields = NAMES[connection.conn_type]
    found = {option: getattr(connection, field) for field, option in fields.items()}
    extra = connection.extra_dejson
    found |= {option: extra[field] for field, option in EXTRAS.items() if extra.get(field)}
    if str(found.get("aws_endpoint_url", "")).startswith("http://"):
        found["aws_allow_http"] = "true"
    found |= extra.get("storage_options", {})
    return {option: str(value) for option, value in found.items() if value}
