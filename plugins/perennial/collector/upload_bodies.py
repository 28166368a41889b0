"""The bodies of uploads in; bytes in the staging folder, and what is there by now, out."""

import asyncio
from io import BufferedRandom
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from perennial.collector.bodies import pieces
from perennial.collector.limits import Limits
from perennial.collector.refusals import Refused, too_large, unread
from perennial.signals import upload_files as files
from perennial.signals.upload_files import ChunkRefused, DigestRefused, Range
from perennial.signals.uploads import FileNameRefused, Sealed, Staging, Upload

BLOCK = 1024 * 1024
"""Bytes that are gathered before they are written."""


class UploadBodies:
    """Writes files and chunks of files; the event loop never waits for the disk."""

    def __init__(self, staging: Staging, limits: Limits) -> None:
        self._staging, self._limits = staging, limits

    async def put(self, upload: Upload, request: Request) -> Response:
        """The whole file in one request."""
        name, digest = _named(upload, request)
        self._length(request, self._limits.part_bytes)
        try:
            with self._staging.writing(upload.batch) as folder:
                await self._check_room(upload, name)
                new = files.NewFile(folder, name)
                try:
                    size = await self._receive(request, new.file, self._limits.part_bytes)
                    known = await asyncio.to_thread(new.keep, digest)
                finally:
                    new.discard()
        except (Sealed, DigestRefused) as error:
            raise _told(error) from None
        return _state(name, size, complete=True, status=200 if known else 201)

    async def patch(self, upload: Upload, request: Request) -> Response:
        """A chunk that goes on where the file ends so far."""
        name, digest = _named(upload, request)
        where = Range.parse(request.headers.get("content-range", ""))
        if where is None:
            raise Refused(
                400,
                "bad_range",
                "say where the chunk belongs: `Content-Range: bytes <first>-<last>/<size or *>`",
            )
        if max(where.end, where.total or 0) > self._limits.file_bytes:
            raise unread(too_large("a file", self._limits.file_bytes, max(where.end, where.total or 0)))
        size = where.end - where.start
        length = self._length(request, self._limits.part_bytes)
        if size > self._limits.part_bytes:
            raise unread(too_large("a chunk", self._limits.part_bytes, size))
        if length is not None and length != size:
            raise Refused(400, "bad_range", f"the range has {size} bytes, but the body {length}")
        try:
            with self._staging.writing(upload.batch) as folder:
                await self._check_room(upload, name)
                with files.chunk(folder, name, where) as file:
                    try:
                        received = await self._receive(request, file, size)
                    finally:
                        await asyncio.to_thread(files.settle, file)
                if received < size:
                    return _state(name, where.start + received, complete=False, status=202)
                complete = where.end == where.total
                if complete:
                    await asyncio.to_thread(files.finish, folder, name, digest)
        except (Sealed, DigestRefused, ChunkRefused) as error:
            raise _told(error) from None
        return _state(name, where.end, complete=complete, status=201 if complete else 202)

    async def _receive(self, request: Request, file: BufferedRandom, most: int) -> int:
        """Write the body; how many bytes it had. What came before a disconnection is written too."""
        block, size = bytearray(), 0
        try:
            async for piece in pieces(request.receive, self._limits.body_seconds):
                size += len(piece)
                if size > most:
                    raise unread(too_large("the body", most, None))
                block += piece
                if len(block) >= BLOCK:
                    full, block = block, bytearray()
                    await asyncio.to_thread(file.write, full)
        finally:
            if block:
                await asyncio.to_thread(file.write, block)
        return size

    def _length(self, request: Request, most: int) -> int | None:
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Refused(
                415, "unsupported_encoding", "send a compressed file as it is, with its ending (.gz, .zst)"
            )
        given = request.headers.get("content-length")
        if given is not None and int(given) > most:
            raise unread(too_large("a file or chunk in one request", most, int(given)))
        return None if given is None else int(given)

    async def _check_room(self, upload: Upload, name: str) -> None:
        others = await asyncio.to_thread(self._staging.count, upload.batch, name)
        if others >= self._limits.batch_files:
            raise unread(too_large("a batch", self._limits.batch_files, others + 1, "files"))


def _named(upload: Upload, request: Request) -> tuple[str, bytes | None]:
    try:
        name = files.checked_name(request.path_params["name"], upload.format)
        return name, files.sha256_of(request.headers)
    except FileNameRefused as error:
        raise Refused(400, "bad_name", str(error)) from None
    except DigestRefused as error:
        raise Refused(400, "bad_digest", str(error)) from None


def _told(error: Exception) -> Refused:
    match error:
        case ChunkRefused():
            headers = {"upload-offset": str(error.expected)}
            return Refused(409, "wrong_offset", str(error), headers, expected_offset=error.expected)
        case DigestRefused():
            return Refused(400, "bad_digest", str(error))
    return Refused(409, "wrong_state", str(error))


def _state(name: str, size: int, *, complete: bool, status: int) -> Response:
    content: dict[str, Any] = {"name": name, "size": size, "complete": complete}
    return JSONResponse(content, status, {"upload-offset": str(size)})
