"""The page of requests about people's data: what was done, for whom it was asked, and files to hand over."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response

from perennial.stages import privacy
from perennial.store_pool import UNREACHABLE
from perennial.web.auth import PRIVACY, PRIVACY_OFFICER, GetUserDep
from perennial.web.connection import owner_conninfo
from perennial.web.pages import page
from perennial.web.store import StoreRefused, StoreUnavailable

router = APIRouter(prefix="/people/requests", dependencies=[PRIVACY_OFFICER])
WORDS = {
    "access": "Access",
    "download": "File fetched",
    "erasure": "Erasure",
    "retention": "Retention",
}


@router.get("")
def requests(request: Request) -> Response:
    """The trail, the newest first."""
    try:
        entries, problem = privacy.trail(owner_conninfo(), datetime.now(UTC)), ""
    except (*UNREACHABLE, StoreRefused) as error:
        entries, problem = [], str(error)
    shown = [(each, *_said(each.what)) for each in entries]
    return page(
        request, "people_requests.html", section="people", shown=shown, words=WORDS, problem=problem,
        dags=(PRIVACY, "erasure", "retention"),
    )  # fmt: skip


@router.get("/file")
def file(name: Annotated[str, Query(max_length=250)], user: GetUserDep) -> Response:
    """The file of an access request, as long as it is kept; who fetched it goes into the trail."""
    now = datetime.now(UTC)
    try:
        content = privacy.fetch(owner_conninfo(), name, now)
        if content is None:
            raise HTTPException(404, "This file has expired, or there never was one. Trigger the Dag again.")
        privacy.note(owner_conninfo(), now, "download", name, user.get_name(), {})
    except UNREACHABLE as error:
        raise StoreUnavailable("unreachable", "The store does not answer.", str(error)) from error
    headers = {
        "content-disposition": 'attachment; filename="access_request.zip"',
        "cache-control": "private, no-store",
    }
    return Response(content, media_type="application/zip", headers=headers)


def _said(what: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """How the counts of an entry are told, and which they are."""
    for key, said in (
        ("rows", "handed over"),
        ("would_be_removed", "would be removed"),
        ("removed", "removed"),
    ):
        if key in what:
            return said, what[key]
    return "", {}
