"""The methods of ImportService: each checks its request, asks the flow, and writes the answer."""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

from grpc import aio

from import_worker.catalogue import Catalogue
from import_worker.config import ImportConfig
from import_worker.flow import control, view as views
from import_worker.flow.quarantine import list_quarantine
from import_worker.flow.step import Flow
from import_worker.flow.watch import watch
from import_worker.preview.look import Look
from import_worker.preview.preview import MAX_RECORDS, USUAL_RECORDS
from import_worker.preview.records import ShownRecord
from import_worker.rpc.errors import InvalidRequest
from import_worker.rpc.messages import import_message
from import_worker.rpc.previews import check_message, preview_message, quarantined_message
from import_worker.runs.entries import quarantine_prefix
from longshore.hints import did_you_mean
from longshore.v1 import import_service_pb2 as pb
from longshore.v1.import_service_pb2_grpc import ImportServiceServicer

Context = aio.ServicerContext[Any, Any]

MAX_NAME_BYTES = 128
MAX_REQUEST_ID_BYTES = 128
PAGE_SIZE = 20
MAX_PAGE_SIZE = 100


class ImportService(ImportServiceServicer):
    """Serves the imports of one broker."""

    def __init__(self, flow: Flow, catalogue: Catalogue, look: Look) -> None:
        self._flow = flow
        self._catalogue = catalogue
        self._look = look

    async def StartImport(self, request: pb.StartImportRequest, _context: Context) -> pb.StartImportResponse:
        """Start a run, or answer the one that is active."""
        has_id = request.HasField("request_id")
        request_id = _text("request_id", request.request_id, MAX_REQUEST_ID_BYTES) if has_id else None
        config = await self._configuration(request)
        wishes = control.Wishes(accept_shrink=request.accept_shrink, full=request.full, rehearse=request.rehearse)
        started = await control.start(self._flow, config, request_id, wishes)
        return pb.StartImportResponse(already_active=started.already_active, run=import_message(started.view))

    async def GetImport(self, request: pb.GetImportRequest, _context: Context) -> pb.GetImportResponse:
        """One import."""
        return pb.GetImportResponse(run=import_message(await views.view(self._flow, _import_id(request.import_id))))

    async def ListImports(self, request: pb.ListImportsRequest, _context: Context) -> pb.ListImportsResponse:
        """A page of imports."""
        page = await views.list_imports(
            self._flow,
            name=request.name,
            size=_page_size(request.page_size),
            after=_key_of(request.page_token),
        )
        return pb.ListImportsResponse(
            imports=[import_message(view) for view in page.imports],
            next_page_token=_token_of(page.next_key),
        )

    async def WatchImport(self, request: pb.WatchImportRequest, context: Context) -> None:  # type: ignore[override]
        """An import at every change."""
        async with aclosing(watch(self._flow, _import_id(request.import_id))) as changes:
            async for view in changes:
                await context.write(pb.WatchImportResponse(run=import_message(view)))

    async def CancelImport(self, request: pb.CancelImportRequest, _context: Context) -> pb.CancelImportResponse:
        """Cancel a run."""
        return pb.CancelImportResponse(
            run=import_message(await control.cancel(self._flow, _import_id(request.import_id)))
        )

    async def ResumeImport(self, request: pb.ResumeImportRequest, _context: Context) -> pb.ResumeImportResponse:
        """Go on with a run, or start a new one in its place."""
        resumed = await control.resume(self._flow, _import_id(request.import_id), self._again)
        return pb.ResumeImportResponse(run=import_message(resumed))

    async def CheckImport(self, request: pb.CheckImportRequest, _context: Context) -> pb.CheckImportResponse:
        """Test the connections of an import."""
        config = await self._load(_text("name", request.name, MAX_NAME_BYTES), request.inputs)
        return check_message(await self._look.check(config))

    async def PreviewImport(self, request: pb.PreviewImportRequest, _context: Context) -> pb.PreviewImportResponse:
        """The first records of a resource, and what would become of them."""
        config = await self._load(_text("name", request.name, MAX_NAME_BYTES), request.inputs)
        known = [resource.name for resource in config.resources]
        resource = request.resource or known[0]
        if resource not in known:
            raise InvalidRequest("resource", f"must be one of {', '.join(known)}{did_you_mean(resource, known)}")
        if not 0 <= request.max_records <= MAX_RECORDS:
            raise InvalidRequest("max_records", f"must be 0 to {MAX_RECORDS}")
        return preview_message(
            await self._look.preview(config, resource, request.max_records or USUAL_RECORDS),
        )

    async def ListQuarantine(self, request: pb.ListQuarantineRequest, _context: Context) -> pb.ListQuarantineResponse:
        """A page of quarantined records, tried again if that is asked for."""
        import_id, after = _import_id(request.import_id), _key_of(request.page_token)
        if after and not after.startswith(quarantine_prefix(import_id)):
            raise InvalidRequest("page_token", "must be the next_page_token of an earlier answer")
        page = await list_quarantine(self._flow, import_id, size=_page_size(request.page_size), after=after)
        retried: Sequence[ShownRecord | None] = [None] * len(page.records)
        if request.retry:
            frozen = await self._flow.ledger.config(import_id)
            config = await self._again(frozen)
            retried = await self._look.again(config, page.records)
        return pb.ListQuarantineResponse(
            records=[quarantined_message(*each) for each in zip(page.records, retried, strict=True)],
            next_page_token=_token_of(page.next_key),
        )

    async def _load(self, name: str, inputs: Mapping[str, str]) -> ImportConfig:
        return await asyncio.to_thread(self._catalogue.load, name, dict(inputs))

    async def _configuration(self, request: pb.StartImportRequest) -> ImportConfig:
        """What a start names, or brings along."""
        inputs = dict(request.inputs)
        if not request.config:
            name = _text("name", request.name, MAX_NAME_BYTES)
            return await asyncio.to_thread(self._catalogue.load, name, inputs)
        if request.name:
            raise InvalidRequest("name", "must be empty beside a config, which has a name of its own")
        return await asyncio.to_thread(self._catalogue.inline, request.config, inputs)

    async def _again(self, frozen: ImportConfig) -> ImportConfig:
        return await asyncio.to_thread(self._catalogue.again, frozen)


def _text(field: str, value: str, longest: int) -> str:
    if not 1 <= len(value.encode()) <= longest:
        raise InvalidRequest(field, f"must have 1 to {longest} bytes")
    return value


def _import_id(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise InvalidRequest("import_id", "must be the UUID of an import, as StartImport answers it") from None


def _page_size(asked: int) -> int:
    if asked < 0:
        raise InvalidRequest("page_size", "must be 0 or more")
    return min(asked or PAGE_SIZE, MAX_PAGE_SIZE)


def _token_of(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _key_of(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise InvalidRequest("page_token", "must be the next_page_token of an earlier answer") from None
