"""The methods of ImportService: each checks its request, asks the flow, and writes the answer."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from grpc import aio

from import_worker.catalogue import Catalogue
from import_worker.config import ImportConfig
from import_worker.flow import control, view as views
from import_worker.flow.step import Flow
from import_worker.rpc.errors import InvalidRequest
from import_worker.rpc.messages import import_message
from longshore.v1 import import_service_pb2 as pb
from longshore.v1.import_service_pb2_grpc import ImportServiceServicer

Context = aio.ServicerContext[Any, Any]

MAX_NAME_BYTES = 128
MAX_REQUEST_ID_BYTES = 128
PAGE_SIZE = 20
MAX_PAGE_SIZE = 100


class ImportService(ImportServiceServicer):
    """Serves the imports of one broker."""

    def __init__(self, flow: Flow, catalogue: Catalogue) -> None:
        self._flow = flow
        self._catalogue = catalogue

    async def StartImport(self, request: pb.StartImportRequest, _context: Context) -> pb.StartImportResponse:
        """Start a run, or answer the one that is active."""
        name = _text("name", request.name, MAX_NAME_BYTES)
        has_id = request.HasField("request_id")
        request_id = _text("request_id", request.request_id, MAX_REQUEST_ID_BYTES) if has_id else None
        config = await self._load(name, request.inputs)
        wishes = control.Wishes(accept_shrink=request.accept_shrink, full=request.full, rehearse=request.rehearse)
        started = await control.start(self._flow, config, request_id, wishes)
        return pb.StartImportResponse(already_active=started.already_active, run=import_message(started.view))

    async def GetImport(self, request: pb.GetImportRequest, _context: Context) -> pb.GetImportResponse:
        """One import."""
        return pb.GetImportResponse(run=import_message(await views.view(self._flow, _import_id(request.import_id))))

    async def ListImports(self, request: pb.ListImportsRequest, _context: Context) -> pb.ListImportsResponse:
        """A page of imports."""
        if request.page_size < 0:
            raise InvalidRequest("page_size", "must be 0 or more")
        page = await views.list_imports(
            self._flow,
            name=request.name,
            size=min(request.page_size or PAGE_SIZE, MAX_PAGE_SIZE),
            after=_key_of(request.page_token),
        )
        return pb.ListImportsResponse(
            imports=[import_message(view) for view in page.imports],
            next_page_token=base64.urlsafe_b64encode(page.next_key.encode()).decode(),
        )

    async def WatchImport(self, request: pb.WatchImportRequest, context: Context) -> None:  # type: ignore[override]
        """An import at every change."""
        async for view in views.watch(self._flow, _import_id(request.import_id)):
            await context.write(pb.WatchImportResponse(run=import_message(view)))

    async def CancelImport(self, request: pb.CancelImportRequest, _context: Context) -> pb.CancelImportResponse:
        """Cancel a run."""
        return pb.CancelImportResponse(
            run=import_message(await control.cancel(self._flow, _import_id(request.import_id)))
        )

    async def ResumeImport(self, request: pb.ResumeImportRequest, _context: Context) -> pb.ResumeImportResponse:
        """Go on with a run, or start a new one in its place."""
        resumed = await control.resume(self._flow, _import_id(request.import_id), self._load)
        return pb.ResumeImportResponse(run=import_message(resumed))

    async def _load(self, name: str, inputs: Mapping[str, str]) -> ImportConfig:
        return await asyncio.to_thread(self._catalogue.load, name, dict(inputs))


def _text(field: str, value: str, longest: int) -> str:
    if not 1 <= len(value.encode()) <= longest:
        raise InvalidRequest(field, f"must have 1 to {longest} bytes")
    return value


def _import_id(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise InvalidRequest("import_id", "must be the UUID of an import, as StartImport answers it") from None


def _key_of(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise InvalidRequest("page_token", "must be the next_page_token of an earlier answer") from None
