"""A URI of an object store and the options of its connection in; an open bucket, to read or to write, out."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import from_url

from perennial.errors import TerminalError

Storage = Mapping[str, str]


def bucket(uri: str, storage: Storage | None) -> tuple[Any, str]:
    """The bucket of a URI, and the path within it; nothing is asked of the store yet."""
    scheme, _, rest = uri.partition("://")
    name, _, path = rest.partition("/")
    options = {name.lower(): value for name, value in (storage or {}).items()}
    http = options.pop("aws_allow_http", options.pop("allow_http", "false"))
    try:
        return from_url(
            f"{scheme}://{name}",
            config=cast(Any, options),
            client_options={"allow_http": str(http).lower() in ("true", "1")},
            # A task that meets a store which is down is tried again as a whole, later.
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
        ), path
    except (BaseError, ValueError) as error:
        raise TerminalError(
            f"{scheme}://{name}: not an object store that can be opened: {first_line(error)}; see the "
            "options of its connection"
        ) from None


def refused(error: BaseError) -> bool:
    """Whether the store knows who we are not, or what we may not."""
    return isinstance(error, PermissionDeniedError | UnauthenticatedError)


def first_line(error: Exception) -> str:
    """The beginning of an error's text, fit for a log."""
    return str(error).strip().partition("\n")[0][:200]
