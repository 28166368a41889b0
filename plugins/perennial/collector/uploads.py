"""The batch API in; batches in the lake's list, and their files in the staging folder, out."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from perennial.collector import batch_views as views
from perennial.collector.reception import Reception
from perennial.collector.refusals import Refused, busy
from perennial.collector.tokens import Token
from perennial.collector.upload_bodies import UploadBodies
from perennial.errors import TransientError
from perennial.ids import uuid7s
from perennial.lake.catalog import Lake
from perennial.signals.batches import Batch, Batches, BatchUnknown, Status, TransitionRefused
from perennial.signals.uploads import SOURCE, Staging, Upload, UploadBusy

PAGE, MOST = 50, 1000
NEW_BYTES = 64 * 1024
ENDED_EARLY = {Status.ABORTED, Status.ABANDONED, Status.DELETED}

Endpoint = Callable[[Request], Awaitable[Response]]


class New(msgspec.Struct, forbid_unknown_fields=True):
    """What a sender says of a new batch."""

    dataset: str
    format: Literal["csv", "json", "parquet"] | None = None
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Uploads:
    """The endpoints; whatever may block runs in a thread."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        places = reception.settings.places
        self._lake = Lake(places.lake)
        self._batches = Batches(self._lake.batches)
        self._staging = Staging(places.staging)
        self._new = reception.body("a new batch", NEW_BYTES)
        self._bodies = UploadBodies(self._staging, reception.limits)

    async def create(self, request: Request) -> Response:
        """`POST /batches`."""
        sender = self._sender(request)
        new = await self._read_new(request)
        self._reception.dataset(new.dataset, sender, set(self._reception.datasets))
        self._reception.staging.check()
        now = datetime.now(UTC)
        (unique,) = uuid7s(1, int(now.timestamp() * 1000))
        name = f"{new.dataset}-{unique.replace('-', '')}"
        upload = Upload(name, new.dataset, sender.name, now.isoformat(), new.format, new.note)
        begun = Batch(name, new.dataset, SOURCE, None, Status.LOADING, now)
        await asyncio.to_thread(self._staging.create, upload)
        await asyncio.to_thread(self._batches.create, begun)
        return await self._shown(upload, 201, {"location": f"/batches/{name}"})

    async def index(self, request: Request) -> Response:
        """`GET /batches`."""
        sender = self._sender(request)
        query = _query(request, {"dataset", "status", "offset", "limit"})
        status = query.get("status")
        if status is not None and status not in [*Status]:
            raise Refused(400, "bad_query", f"status is one of {', '.join(Status)}")
        offset, limit = _page(query)
        own = await asyncio.to_thread(self._staging.names, sender.name)
        found = await asyncio.to_thread(views.listed, self._batches, own, query.get("dataset"), status)
        rows = [views.brief(row) for row in found.slice(offset, limit).iter_rows(named=True)]
        return JSONResponse({"batches": rows, "total": found.height, "offset": offset, "limit": limit})

    async def show(self, request: Request) -> Response:
        """`GET /batches/{id}`."""
        return await self._shown(await self._own(request))

    async def errors(self, request: Request) -> Response:
        """`GET /batches/{id}/errors`."""
        upload = await self._own(request)
        offset, limit = _page(_query(request, {"offset", "limit"}))
        rows, total = await asyncio.to_thread(views.set_aside, self._lake, upload, offset, limit)
        return JSONResponse({"errors": rows, "total": total, "offset": offset, "limit": limit})

    async def complete(self, request: Request) -> Response:
        """`POST /batches/{id}/complete`; again is as once."""
        upload = await self._own(request)
        await asyncio.to_thread(self._complete, upload)
        return await self._shown(upload)

    async def abort(self, request: Request) -> Response:
        """`POST /batches/{id}/abort`; again is as once."""
        upload = await self._own(request)
        await asyncio.to_thread(self._abort, upload)
        return await self._shown(upload)

    async def put(self, request: Request) -> Response:
        """`PUT /batches/{id}/files/{name}`: the whole file."""
        upload = await self._own(request)
        self._reception.staging.check()
        return await self._bodies.put(upload, request)

    async def patch(self, request: Request) -> Response:
        """`PATCH /batches/{id}/files/{name}`: a chunk of it."""
        upload = await self._own(request)
        self._reception.staging.check()
        return await self._bodies.patch(upload, request)

    async def size(self, request: Request) -> Response:
        """`GET` or `HEAD /batches/{id}/files/{name}`: how much of it is there."""
        upload = await self._own(request)
        files = await asyncio.to_thread(self._staging.listing, upload.batch)
        name = request.path_params["name"]
        found = next((file for file in files if file.name == name), None)
        if found is None:
            raise Refused(404, "unknown_file", "nothing of a file of that name is there")
        return JSONResponse(views.file(found), headers={"upload-offset": str(found.size)})

    def _complete(self, upload: Upload) -> None:
        now = self._batches.find(upload.batch)
        if now is not None and now.status in ENDED_EARLY:
            raise Refused(409, "wrong_state", f"batch {upload.batch} is {now.status}: begin another")
        if now is not None and now.status != Status.LOADING:
            return
        with self._staging.quiet(upload.batch) as files:
            partial = [file.name for file in files if not file.complete]
            if partial:
                raise Refused(409, "incomplete", f"parts are missing of {', '.join(partial[:5])}")
            if not files:
                raise Refused(409, "no_files", "the batch holds no file")
            size = sum(file.size for file in files)
            self._staging.seal(upload.batch)
            self._batches.move(upload.batch, Status.LOADED, datetime.now(UTC), files=len(files), bytes=size)

    def _abort(self, upload: Upload) -> None:
        now = self._batches.find(upload.batch)
        if now is None or now.status != Status.ABORTED:
            with self._staging.quiet(upload.batch):
                self._staging.seal(upload.batch)
                self._batches.move(upload.batch, Status.ABORTED, datetime.now(UTC))
        self._staging.forget(upload.batch)

    async def _shown(
        self, upload: Upload, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        details = await asyncio.to_thread(views.detailed, upload, self._staging, self._batches)
        return JSONResponse(details, status, headers)

    def _sender(self, request: Request) -> Token:
        header = request.headers.get("authorization")
        return self._reception.tokens.sender(None if header is None else header.encode("latin-1"))

    async def _own(self, request: Request) -> Upload:
        sender = self._sender(request)
        found = await asyncio.to_thread(self._staging.find, request.path_params["id"], sender.name)
        if found is None:
            raise Refused(404, "unknown_batch", f"{sender.name} has no batch of that name")
        return found

    async def _read_new(self, request: Request) -> New:
        body = await self._new.read(request.receive, dict(request.scope["headers"]))
        self._reception.budget.give(len(body))
        try:
            return msgspec.json.decode(body, type=New)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise Refused(
                400, "bad_batch", f'the body is not of the form {{"dataset", "format"?, "note"?}}: {error}'
            ) from None


def upload_routes(reception: Reception) -> list[Route]:
    """The addresses of the batch API."""
    uploads = Uploads(reception)
    return [
        _route("/batches", GET=uploads.index, POST=uploads.create),
        _route("/batches/{id}", GET=uploads.show),
        _route("/batches/{id}/errors", GET=uploads.errors),
        _route("/batches/{id}/complete", POST=uploads.complete),
        _route("/batches/{id}/abort", POST=uploads.abort),
        _route("/batches/{id}/files/{name}", GET=uploads.size, PUT=uploads.put, PATCH=uploads.patch),
    ]


def _route(path: str, **by_method: Endpoint) -> Route:
    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await _told(by_method[method])(request)

    return Route(path, endpoint, methods=[*by_method])


def _told(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with the domain's errors as answers."""

    @functools.wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except BatchUnknown as error:
            raise Refused(404, "unknown_batch", str(error)) from None
        except TransitionRefused as error:
            raise Refused(409, "wrong_state", str(error)) from None
        except UploadBusy as error:
            raise Refused(409, "busy", str(error), {"retry-after": "1"}) from None
        except TransientError as error:
            raise busy(str(error), 2) from None

    return answered


def _query(request: Request, known: set[str]) -> dict[str, str]:
    given = dict(request.query_params)
    if unknown := sorted(given.keys() - known):
        raise Refused(
            400, "bad_query", f"unknown parameters: {len(unknown)}; known: {', '.join(sorted(known))}"
        )
    return given


def _page(query: dict[str, str]) -> tuple[int, int]:
    offset, limit = query.get("offset", "0"), query.get("limit", str(PAGE))
    if not all(text.isascii() and text.isdigit() and len(text) < 10 for text in (offset, limit)):
        raise Refused(400, "bad_query", "offset and limit are whole numbers")
    if not 1 <= int(limit) <= MOST:
        raise Refused(400, "bad_query", f"limit is between 1 and {MOST}")
    return int(offset), int(limit)
