"""What a Longshore service needs to serve gRPC: rich errors, one interceptor, health, reflection, a graceful stop.

The two services share it; clients do not need it.
"""

from longshore.serving.interceptor import Interceptor, RequestTooLarge
from longshore.serving.server import Server
from longshore.serving.status import Failure, FieldFault

__all__ = ["Failure", "FieldFault", "Interceptor", "RequestTooLarge", "Server"]
