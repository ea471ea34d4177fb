"""QueueAdminService as a whole: its parts side by side."""

from queue_service.rpc.admin.events import EventsPart
from queue_service.rpc.admin.queues import QueuesPart


class QueueAdminServicer(QueuesPart, EventsPart):
    """Serves operators."""
