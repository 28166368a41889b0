"""The operator that erases a person: an identity from the form in, a certificate that names nobody out.

The identity itself goes no further than `request_of`: it is hidden in the logs, and all that is handed on, to
XCom, to the asset's event and to the lake, is its SHA-256. Airflow keeps what was typed into a form with the
run, in its database; whoever gives the SHA-256 instead leaves nothing there.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.log import mask_secret

from perennial.operators.context import RunRefused
from perennial.operators.stage import Counts, StageOperator, store_url

if TYPE_CHECKING:
    from perennial.stages.erasure import Request
    from perennial.stages.workspace import Workspace

SHA256 = re.compile(r"[0-9a-f]{64}")


class ErasePersonOperator(StageOperator):
    """Erase a person from the lake and the store; with the parameter `dry_run` it only counts their rows."""

    PERSONAL = True

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages import privacy
        from perennial.stages.erasure import count, erase
        from perennial.stages.identities import identities

        request, now, url = request_of(workspace, context), datetime.now(UTC), store_url()
        if (context.get("params") or {}).get("dry_run"):
            counts: Counts = {"would_be_removed": count(workspace, url, request)}
            privacy.note(url, now, "erasure", request.name, asked_by(context), counts, request.reason)
            return counts
        certificate = erase(workspace, url, request, now)
        theirs = identities(workspace, request.namespace, request.value_sha256)
        privacy.withdraw(url, frozenset[str]().union(*theirs.values()))
        removed = {each["place"]: each["rows"] for each in certificate["removed"]}
        privacy.note(
            url, now, "erasure", request.name, asked_by(context), {"removed": removed}, request.reason
        )
        return certificate


def asked_by(context: Context) -> str | None:
    """Who started the run; None if nobody did."""
    return getattr(context["dag_run"], "triggering_user_name", None)


def request_of(workspace: "Workspace", context: Context) -> "Request":
    """Whom the form is about: either a value or its SHA-256."""
    from perennial.stages.erasure import Request
    from perennial.stages.identities import print_of

    params: Mapping[str, Any] = context.get("params") or {}
    value, digest = params.get("value"), params.get("value_sha256")
    if value:
        mask_secret(value)
    if bool(value) == bool(digest):
        raise RunRefused("give either the value or its SHA-256 (`value_sha256`), and not both")
    if digest and not SHA256.fullmatch(digest):
        raise RunRefused("value_sha256 is not a SHA-256: expected 64 hexadecimal digits in lower case")
    namespace, run = params["namespace"], context["dag_run"]
    return Request(
        name=run.run_id,
        namespace=namespace,
        value_sha256=digest or print_of(workspace, namespace, value or ""),
        reason=params.get("reason") or "",
        at=run.run_after,
    )
