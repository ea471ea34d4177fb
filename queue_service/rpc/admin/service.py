"""QueueAdminService as a whole: its parts side by side."""

from queue_service.rpc.admin.events import EventsPart
from queue_service.rpc.admin.queues import QueuesPart
from queue_service.rpc.admin.schedules import SchedulesPart
from queue_service.rpc.admin.store import StorePart


class QueueAdminServicer(QueuesPart, EventsPart, SchedulesPart, StorePart):
    """Serves operators."""
