"""The one interceptor: bounds requests, turns exceptions into rich errors, logs what is our own fault, once.

A fault of the service reaches the caller as a request id only; the trace goes to the log under that id.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
from grpc import aio

from longshore.serving.status import Failure, FieldFault, to_grpc_status

Translate = Callable[[Exception], Failure | None]
"""Says how an exception is answered. None: it is not an expected one."""

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # not subscriptable at run time
MaybeHandler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"

log = logging.getLogger(__name__)


class RequestTooLarge(Exception):
    """The encoded request exceeds the service's bound."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the request has {size:,} bytes, at most {limit:,} are taken: send less at once")
        self.size = size
        self.limit = limit


@dataclass(frozen=True)
class _Oversized:
    """Stands for a request that was not parsed."""

    size: int


class Interceptor(aio.ServerInterceptor):
    """Wraps every unary and server-streaming method of a service."""

    def __init__(self, translate: Translate, *, max_request_bytes: int) -> None:
        self._translate = translate
        self._max_request_bytes = max_request_bytes

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[MaybeHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Return the method's handler, wrapped."""
        handler = await continuation(handler_call_details)
        method: str = handler_call_details.method
        if handler is None:
            return grpc.unary_unary_rpc_method_handler(self._unknown(method))
        if handler.request_streaming:
            return handler  # reflection: it answers its own errors in band
        streams = handler.response_streaming
        make = grpc.unary_stream_rpc_method_handler if streams else grpc.unary_unary_rpc_method_handler
        behaviour: Any = handler.unary_stream if streams else handler.unary_unary
        return make(
            self._guarded(behaviour, method),
            request_deserializer=self._bounded(handler.request_deserializer),
            response_serializer=handler.response_serializer,
        )

    def _bounded(self, parse: Any) -> Callable[[bytes], Any]:
        limit = self._max_request_bytes

        def parse_bounded(data: bytes) -> Any:
            return parse(data) if len(data) <= limit else _Oversized(len(data))

        return parse_bounded

    def _guarded(self, behaviour: Callable[..., Awaitable[Any]], method: str) -> Callable[..., Awaitable[Any]]:
        async def guarded(request: Any, context: aio.ServicerContext[Any, Any]) -> Any:
            try:
                if isinstance(request, _Oversized):
                    raise RequestTooLarge(request.size, self._max_request_bytes)
                return await behaviour(request, context)
            except aio.AbortError:
                raise
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise  # the caller went away: the core must see it
                failure = _stopping()  # something of ours was cancelled: without an answer the caller would hang
            except Exception as error:  # noqa: BLE001  the boundary
                failure = self._answer(error, method)
            return await context.abort_with_status(to_grpc_status(failure))

        return guarded

    def _answer(self, error: Exception, method: str) -> Failure:
        if isinstance(error, RequestTooLarge):
            return Failure(
                code=grpc.StatusCode.INVALID_ARGUMENT,
                reason="ERROR_REASON_REQUEST_TOO_LARGE",
                message=str(error),
                metadata={"size_bytes": str(error.size), "limit_bytes": str(error.limit)},
                faults=(FieldFault(field="", description=str(error)),),
            )
        expected = self._translate(error)
        if expected is not None:
            return expected
        request_id = secrets.token_hex(8)
        log.error("request %s: %s failed", request_id, method, exc_info=error)
        return Failure(
            code=grpc.StatusCode.INTERNAL,
            reason="ERROR_REASON_INTERNAL",
            message=f"a fault of the service; its log has more under request {request_id}",
            metadata={"request_id": request_id},
        )

    @staticmethod
    def _unknown(method: str) -> Callable[..., Awaitable[Any]]:
        async def unknown(_request: bytes, context: aio.ServicerContext[Any, Any]) -> None:
            failure = Failure(
                code=grpc.StatusCode.UNIMPLEMENTED,
                reason="ERROR_REASON_UNIMPLEMENTED",
                message=f"this server has no method {method}: ask its reflection for what it has",
                metadata={"method": method},
            )
            await context.abort_with_status(to_grpc_status(failure))

        return unknown


def _stopping() -> Failure:
    return Failure(
        code=grpc.StatusCode.UNAVAILABLE,
        reason="ERROR_REASON_UNAVAILABLE",
        message="the service is stopping: try again",
        retry_after=1.0,
    )
