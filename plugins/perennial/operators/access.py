"""The operator that puts together all that is kept of a person, for them: counts out, and no more.

Rows go into the store, where the page **People, Requests** offers them for a while: neither logs nor XCom see
them.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow.sdk import Context

from perennial.operators.erasure import asked_by, request_of
from perennial.operators.stage import Counts, StageOperator, store_url

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class AccessRequestOperator(StageOperator):
    """Put all that is kept of a person into a file that can be fetched for some days."""

    PERSONAL = True

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages import privacy
        from perennial.stages.access import package

        request, now, url = request_of(workspace, context), datetime.now(UTC), store_url()
        found = package(workspace, url, request, now)
        until = now + timedelta(days=context["params"]["keep_days"])
        privacy.keep(url, request.name, found.content, found.prints, until, now)
        counts = {"rows": dict(found.rows), "until": until.isoformat()}
        privacy.note(url, now, "access", request.name, asked_by(context), counts, request.reason)
        return counts
