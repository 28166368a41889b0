"""Errors as SendGrid answers them: a status and `{"errors": [{"field", "message"}]}`."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse


class ApiError(Exception):
    """Ends a request with this status; `errors` are pairs of field (or None) and message."""

    def __init__(self, status: int, *errors: tuple[str | None, str]) -> None:
        super().__init__(status, errors)
        self.status = status
        self.errors = errors


def answer(_: Request, error: Exception) -> JSONResponse:
    """The body of an `ApiError`, or of a body that is not the JSON that the endpoint takes."""
    if isinstance(error, ApiError):
        status, found = error.status, list(error.errors)
    elif isinstance(error, RequestValidationError):
        status, found = (
            400,
            [(".".join(map(str, e["loc"][1:])) or None, str(e["msg"])) for e in error.errors()],
        )
    else:
        status, found = 500, [(None, "internal error")]
    return JSONResponse(
        {"errors": [{"field": field, "message": message} for field, message in found]}, status
    )
