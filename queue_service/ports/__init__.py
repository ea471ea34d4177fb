"""The seams of the broker: time, chance, and the store with its unit of work."""

from queue_service.ports.clock import Clock
from queue_service.ports.needs import Needs
from queue_service.ports.store import Store, Unit
from queue_service.ports.workset import Workset

__all__ = ["Clock", "Needs", "Store", "Unit", "Workset"]
