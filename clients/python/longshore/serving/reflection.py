"""Server reflection in both versions that tools ask for: v1 and v1alpha have the same messages."""

from collections.abc import Iterable
from typing import Any

import grpc
from grpc import aio
from grpc_reflection.v1alpha import reflection, reflection_pb2

V1_NAME = "grpc.reflection.v1.ServerReflection"


def add_reflection(server: aio.Server, services: Iterable[str]) -> None:
    """Serve reflection of the services and of itself."""
    names = (*services, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    servicer: Any = reflection.aio.ReflectionServicer(names)
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    handler = grpc.method_handlers_generic_handler(V1_NAME, {"ServerReflectionInfo": method})
    server.add_generic_rpc_handlers((handler,))
