"""What all routes that change something share: requests of our pages only, and mistakes with their places.

A form of another site could send a browser's cookie along, but neither JSON with a header of ours nor a
request that the browser calls one of the same origin: one of both is asked for.
"""

from dataclasses import asdict

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse

from perennial.documents import Mistake


def from_our_pages(request: Request) -> None:
    """Refuse what a page of another origin could have a browser send."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "Send JSON, with content-type: application/json.")
    not_from_elsewhere(request)


def not_from_elsewhere(request: Request) -> None:
    """Refuse what lacks our header, and is not sent by a page of the same origin."""
    if "x-perennial" not in request.headers and request.headers.get("sec-fetch-site") != "same-origin":
        raise HTTPException(403, "Changes come from Perennial's pages, or with the header x-perennial: 1.")


class Refused(Exception):
    """Mistakes that are shown beside what has them."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes


def refusal(mistakes: list[Mistake]) -> JSONResponse:
    """Mistakes as the pages read them."""
    detail = "; ".join(each.message for each in mistakes)
    return JSONResponse({"errors": [asdict(each) for each in mistakes], "detail": detail}, 422)
