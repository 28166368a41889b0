"""People who are put on an audience's list: a CSV as the body of a request in, what became of its rows out.

As with all changes, a page of another site cannot send one: neither `text/csv` nor our header goes across
origins without a question that is not answered.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from starlette.concurrency import run_in_threadpool

from perennial.audiences.uploads import MOST_BYTES, UploadRefused, too_large
from perennial.lake.tables import ConcurrentCommit
from perennial.stages.uploads import Mode, upload
from perennial.web.audiences_api import Name, WorkspaceDep, mistakes
from perennial.web.auth import AUDIENCE_EDITOR, GetUserDep
from perennial.web.writes import not_from_elsewhere

PATIENCE = 8
"""Who is cut off while sending does not hear why: so many times the length of a file is read to its end."""


def csv_from_our_pages(request: Request) -> None:
    """Refuse what is no CSV, and what a page of another origin could have a browser send."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        raise HTTPException(415, "Send a CSV, with content-type: text/csv.")
    not_from_elsewhere(request)


router = APIRouter(prefix="/api/audiences", dependencies=[AUDIENCE_EDITOR, Depends(csv_from_our_pages)])


@router.post("/{name}/list")
async def put_on_list(
    request: Request, name: Name, workspace: WorkspaceDep, user: GetUserDep, mode: Annotated[Mode, Query()]
) -> dict[str, Any]:
    """Replace the people on a list, or append to them."""
    content, by = await _content(request), user.get_name()

    def taken() -> dict[str, Any]:
        if name not in workspace.audiences:
            raise HTTPException(404, "There is no such audience.")
        with mistakes():
            return asdict(upload(workspace, name, content, mode, by, datetime.now(UTC)))

    try:
        return await run_in_threadpool(taken)
    except UploadRefused as error:
        raise HTTPException(422, str(error)) from None
    except ConcurrentCommit:
        raise HTTPException(409, "Others are uploading to this list. Try again in a moment.") from None


async def _content(request: Request) -> bytes:
    """The body; of one that is too long no more is kept than a file may have, and not much more is read."""
    content, read = bytearray(), 0
    async for chunk in request.stream():
        read += len(chunk)
        content += chunk[: MOST_BYTES + 1 - len(content)]
        if read > PATIENCE * MOST_BYTES:
            break
    if len(content) > MOST_BYTES:
        raise HTTPException(413, str(too_large()))
    return bytes(content)
