"""QueueAdminService as a whole: its parts side by side."""

from queue_service.rpc.admin.base import AdminPart


class QueueAdminServicer(AdminPart):
    """Serves operators."""
