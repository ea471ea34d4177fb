"""Imports: starting, following, resuming and cancelling runs of the import worker.

The import worker is a service of its own, with its own address.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import grpc

from longshore.channel import Channel, Options
from longshore.ids import new_id
from longshore.pages import paged
from longshore.previews import (
    ConnectionCheck,
    Preview,
    QuarantinedRecord,
    read_check,
    read_preview,
    read_quarantined,
)
from longshore.runs import Import, read_run
from longshore.v1 import import_service_pb2
from longshore.v1.import_service_pb2_grpc import ImportServiceStub
from longshore.watches import follow


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedImport:
    """The answer to a start.

    Attributes:
        run: what was started, or the run that was active already.
        already_active: whether the destination had a run, and nothing was started.
    """

    run: Import
    already_active: bool


def connect_imports(
    address: str,
    *,
    timeout: float = 30.0,
    patience: float | None = None,
    credentials: grpc.ChannelCredentials | None = None,
    options: Options = (),
) -> "Imports":
    """Connect to an import worker: `async with longshore.connect_imports("localhost:50052") as imports`.

    The arguments are those of connect.
    """
    return Imports(Channel(address, timeout=timeout, patience=patience, credentials=credentials, options=options))


class Imports:
    """An open client of an import worker; made by connect_imports."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = ImportServiceStub(channel.grpc)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Disconnect. Closing again does nothing."""
        await self._channel.close()

    async def start(
        self,
        name: str = "",
        *,
        config: str | None = None,
        request_id: str | None = None,
        accept_shrink: bool = False,
        full: bool = False,
        rehearse: bool = False,
        inputs: Mapping[str, str] | None = None,
    ) -> StartedImport:
        """Start a run; a destination has one run at a time.

        Args:
            name: of a configured import. Empty where config is given.
            config: text of a configuration file, for an import that is not configured; refused unless the operator
                allows it.
            request_id: the same one answers the same run. None: made here, so that a lost answer starts no second run.
            accept_shrink: allow this run to have fewer objects than the last good one.
            full: read everything, also where the configuration is incremental.
            rehearse: send a few chunks and cancel the execution, which changes no object.
            inputs: values of the configuration's inputs, by name. None: their defaults.

        Raises:
            ImportNotFound: no import of this name is configured.
            ConfigInvalid: its configuration is faulty.
            InvalidRequest: inputs are missing, unknown or ill typed.
        """
        request = import_service_pb2.StartImportRequest(
            name=name,
            config=config,
            request_id=request_id or new_id(),
            accept_shrink=accept_shrink,
            full=full,
            rehearse=rehearse,
            inputs=inputs,
        )
        response = await self._channel.call(self._stub.StartImport, request)
        return StartedImport(run=read_run(response.run), already_active=response.already_active)

    async def get(self, import_id: str) -> Import:
        """One run, or ImportNotFound."""
        request = import_service_pb2.GetImportRequest(import_id=import_id)
        return read_run((await self._channel.call(self._stub.GetImport, request)).run)

    def list(self, name: str = "") -> AsyncGenerator[Import, None]:
        """The runs that are kept, oldest first, read page by page.

        Args:
            name: of the configured import. Empty: all.
        """
        request = import_service_pb2.ListImportsRequest(name=name)
        return paged(
            self._channel,
            self._stub.ListImports,
            request,
            lambda response: (read_run(run) for run in response.imports),
        )

    def watch(self, import_id: str) -> AsyncGenerator[Import, None]:
        """The run now, then at every change, up to its terminal state.

        A broken connection is made again for as long as the timeout, counted from the first attempt that failed.

        Raises:
            ImportNotFound: no such run.
            Unavailable: the service was not reachable for that long.
        """
        return follow(
            self._channel,
            self._stub.WatchImport,
            import_service_pb2.WatchImportRequest(import_id=import_id),
            read=lambda response: read_run(response.run),
            ended=lambda run: run.state.terminal,
        )

    async def cancel(self, import_id: str) -> Import:
        """Cancel a run and its execution in Assets. Cancelling what has ended is harmless.

        Raises:
            ImportNotFound: no such run.
            WrongState: it is past its point of no return.
        """
        request = import_service_pb2.CancelImportRequest(import_id=import_id)
        return read_run((await self._channel.call(self._stub.CancelImport, request)).run)

    async def resume(self, import_id: str) -> Import:
        """Go on with a suspended run. One that has ended starts anew from page one; one that goes on stays as it is.

        Raises:
            ImportNotFound: no such run, or its import is configured no more.
            ConfigInvalid: a new run is needed, and its configuration is faulty.
        """
        request = import_service_pb2.ResumeImportRequest(import_id=import_id)
        return read_run((await self._channel.call(self._stub.ResumeImport, request)).run)

    async def check(self, name: str, *, inputs: Mapping[str, str] | None = None) -> tuple[ConnectionCheck, ...]:
        """Test the connections of a configured import: each of its resources, then its destination. Changes nothing.

        Raises:
            ImportNotFound: no import of this name is configured.
            ConfigInvalid: its configuration is faulty.
            InvalidRequest: inputs are missing, unknown or ill typed.
        """
        request = import_service_pb2.CheckImportRequest(name=name, inputs=inputs)
        response = await self._channel.call(self._stub.CheckImport, request)
        return tuple(read_check(each) for each in response.checks)

    async def preview(
        self, name: str, *, resource: str = "", max_records: int = 10, inputs: Mapping[str, str] | None = None
    ) -> Preview:
        """The first records of a configured import, and what would become of them. Sends nothing.

        Args:
            name: of the import.
            resource: to read. Empty: the first one.
            max_records: 1 to 50.
            inputs: values of the configuration's inputs, by name. None: their defaults.

        Raises:
            ImportNotFound: no import of this name is configured.
            ConfigInvalid: its configuration is faulty.
            InvalidRequest: an argument is wrong.
            WrongState: the source does not answer as it should; the message says why.
        """
        request = import_service_pb2.PreviewImportRequest(
            name=name, resource=resource, max_records=max_records, inputs=inputs
        )
        return read_preview(await self._channel.call(self._stub.PreviewImport, request))

    def quarantine(self, import_id: str, *, retry: bool = False) -> AsyncGenerator[QuarantinedRecord, None]:
        """The records of a run that could not be transformed, read page by page.

        Args:
            import_id: of the run.
            retry: also transform each again, with the configuration as it is now. Sends nothing.

        Raises:
            ImportNotFound: no such run, or nothing of its name is configured any more.
            ConfigInvalid: the configuration as it is now is faulty.
        """
        request = import_service_pb2.ListQuarantineRequest(import_id=import_id, retry=retry)
        return paged(
            self._channel,
            self._stub.ListQuarantine,
            request,
            lambda response: (read_quarantined(each) for each in response.records),
        )
