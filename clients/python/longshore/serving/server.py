"""A gRPC server on one address with health and reflection, and an end that loses nothing.

The owner adds its servicers, starts it, and stops it: first draining is announced, then calls finish.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from longshore.serving.interceptor import Interceptor
from longshore.serving.reflection import add_reflection

RECEIVE_BYTES = 8 * 1024 * 1024
"""Of a request: hard bound, unless the owner of a server says otherwise."""
MAX_PORT = 65_535
PENDING_CALLS = 10_000
"""Calls that have arrived and not begun; of twice as many the core refuses all."""
Register = Callable[[Any, Any], None]
"""A generated add_...Servicer_to_server function."""


class AddressInUse(Exception):
    """The address cannot be listened on."""


def is_address(text: str) -> bool:
    """Whether the text is HOST:PORT with a port from 0 to 65,535."""
    host, _, port = text.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit() and int(port) <= MAX_PORT


class Server:
    """A gRPC server.

    Args:
        interceptor: wraps every method.
        receive_bytes: hard bound of a request; the interceptor's own bound should be lower, so that its error is seen.
        share_port: let other processes listen on the same port. False where the store belongs to one process.
    """

    def __init__(
        self, interceptor: Interceptor, *, receive_bytes: int = RECEIVE_BYTES, share_port: bool = False
    ) -> None:
        self._server = aio.server(
            interceptors=[interceptor],
            options=[
                ("grpc.so_reuseport", int(share_port)),
                ("grpc.max_receive_message_length", receive_bytes),
                # Thousands of watchers that come back together: the core would turn some of a thousand away by chance.
                ("grpc.server.max_pending_requests", PENDING_CALLS),
                ("grpc.server.max_pending_requests_hard_limit", 2 * PENDING_CALLS),
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
                ("grpc.keepalive_permit_without_calls", 1),
                # A client that hangs, or whose machine is gone, is noticed within 15 s and gets no more deliveries.
                ("grpc.keepalive_time_ms", 10_000),
                ("grpc.http2.ping_timeout_ms", 5_000),
            ],
        )
        self._health = _Health()
        self._services: list[str] = []
        self.port = 0

    def add(self, register: Register, servicer: object, descriptor: ServiceDescriptor) -> None:
        """Serve a servicer."""
        register(servicer, _GenericOnly(self._server))
        self._services.append(descriptor.full_name)

    async def start(self, address: str) -> None:
        """Listen and serve. Port 0 picks a free one; see port.

        Raises:
            AddressInUse: something else listens there, or the address is not ours.
        """
        register: Register = health_pb2_grpc.add_HealthServicer_to_server
        register(self._health, _GenericOnly(self._server))
        add_reflection(self._server, [*self._services, health.SERVICE_NAME])
        if not is_address(address):
            raise AddressInUse(f"cannot listen on {address}: it must be HOST:PORT with a port from 0 to {MAX_PORT:,}")
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise AddressInUse(
                f"cannot listen on {address}: is another server running there, and is the host one of this machine?"
            ) from error
        await self._server.start()
        for name in ("", *self._services):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def stop_being_healthy(self) -> None:
        """Tell health watchers that this server is about to stop."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace: float) -> None:
        """Take no more calls, let the running ones finish for at most grace seconds, then end them."""
        self._health.end_watches()
        await self._server.stop(grace)


class _Health(health.aio.HealthServicer):
    """Health whose watches end when the server stops: they would hold it up for the whole grace."""

    def __init__(self) -> None:
        super().__init__()
        self._watches: set[asyncio.Task[None]] = set()

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Any) -> None:  # noqa: N802  as in the contract
        """Send the status at every change."""
        watch = asyncio.ensure_future(super().Watch(request, context))
        self._watches.add(watch)
        try:
            await asyncio.wait([watch])
        finally:
            self._watches.discard(watch)
            watch.cancel()

    def end_watches(self) -> None:
        """Let every watcher go."""
        for watch in self._watches:
            watch.cancel()


class _GenericOnly:
    """Passes generic handlers on and drops their registered twins.

    The accept loop of grpc.aio waits on one future more for every registered method, at every call.
    """

    def __init__(self, server: aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        self._server.add_generic_rpc_handlers(tuple(handlers))

    def add_registered_method_handlers(self, service_name: str, handlers: Any) -> None:
        pass
