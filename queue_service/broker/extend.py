"""Extending leases: the heartbeat of workers, and how they learn of cancels."""

from dataclasses import dataclass

from queue_service.domain.ids import LeaseKey
from queue_service.ports import Needs, Workset


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    """A lease and the milliseconds that it should have from now."""

    key: LeaseKey
    duration: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Extended:
    """The answer for one lease. expire_time None: it is lost."""

    expire_time: int | None
    cancel_requested: bool = False


class Extend:
    """Extends leases independently. An end is never moved earlier."""

    urgent = True
    grows = False

    def __init__(self, extensions: list[Extension]) -> None:
        self._extensions = extensions
        self.weight = len(extensions)

    def needs(self, needs: Needs) -> None:
        """The events."""
        needs.events.update(extension.key.event for extension in self._extensions)

    def apply(self, work: Workset) -> list[Extended]:
        """Extend one after the other."""
        return [self._extend(work, extension) for extension in self._extensions]

    @staticmethod
    def _extend(work: Workset, extension: Extension) -> Extended:
        event = work.leased(extension.key)
        if event is None:
            return Extended(expire_time=None)
        wanted = work.now + extension.duration
        if event.lease_expire_time is None or wanted > event.lease_expire_time:
            event.lease_expire_time = wanted
            work.change_event(event)
        work.notices.extended.append((extension.key, extension.duration))
        return Extended(
            expire_time=event.lease_expire_time, cancel_requested=work.is_cancelled(work.loaded.jobs[event.job])
        )
