"""What the parts of QueueAdminService share."""

from longshore.v1 import queue_admin_service_pb2_grpc
from queue_service.broker.broker import Broker
from queue_service.broker.keeper import Keeper
from queue_service.broker.operators import Operators
from queue_service.broker.stored_events import StoredEvents
from queue_service.domain.limits import Limits
from queue_service.ports import Clock


class AdminPart(queue_admin_service_pb2_grpc.QueueAdminServiceServicer):
    """Some of the methods of QueueAdminService. The service inherits from all parts."""

    def __init__(
        self,
        broker: Broker,
        *,
        operators: Operators,
        events: StoredEvents,
        keeper: Keeper,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._broker = broker
        self._operators = operators
        self._events = events
        self._keeper = keeper
        self._clock = clock
        self._limits = limits
