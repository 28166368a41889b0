"""The operator that erases a person: an identity from the form in, a certificate that names nobody out.

The identity itself goes no further than `_request`: it is hidden in the logs, and all that is handed on, to
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

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.erasure import count, erase

        request = _request(context)
        if (context.get("params") or {}).get("dry_run"):
            return {"would_be_removed": count(workspace, store_url(), request)}
        return erase(workspace, store_url(), request, datetime.now(UTC))


def _request(context: Context) -> "Request":
    from perennial.signals.erased import fingerprint
    from perennial.stages.erasure import Request

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
        value_sha256=digest or fingerprint(value or "", namespace),
        reason=params.get("reason") or "",
        at=run.run_after,
    )
