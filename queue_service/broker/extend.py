"""Extending leases: the heartbeat of workers, and how they learn of cancels."""

from dataclasses import dataclass

from queue_service.broker.terms import Terms
from queue_service.domain.ids import LeaseKey
from queue_service.domain.records import Event, Progress
from queue_service.ports import Needs, Workset


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldProgress:
    """How far the work is. fraction is 0 to 1, None where it is not known."""

    fraction: float | None
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    """A lease, the milliseconds that it should have from now, and how far the work is."""

    key: LeaseKey
    duration: int
    progress: ToldProgress | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Extended:
    """The answer for one lease. expire_time None: it is lost."""

    expire_time: int | None
    cancel_requested: bool = False


class Extend:
    """Extends leases independently. An end is never moved earlier, and never behind the end of the delivery."""

    urgent = True
    grows = False

    def __init__(self, extensions: list[Extension], *, terms: Terms) -> None:
        self._extensions = extensions
        self._max_run_time = terms.limits.max_run_time
        self.weight = len(extensions)

    def needs(self, needs: Needs) -> None:
        """The events."""
        needs.events.update(extension.key.event for extension in self._extensions)

    def apply(self, work: Workset) -> list[Extended]:
        """Extend one after the other."""
        return [self._extend(work, extension) for extension in self._extensions]

    def _extend(self, work: Workset, extension: Extension) -> Extended:
        event = work.leased(extension.key)
        if event is None:
            return Extended(expire_time=None)
        end = self._end(work, event, extension.duration)
        if event.lease_expire_time is None or end > event.lease_expire_time:
            event.lease_expire_time = end
            work.change_event(event)
        if extension.progress is not None:
            event.progress = Progress(extension.progress.fraction, extension.progress.text, work.now)
            work.change_event(event)
            work.notices.progressed.add(event.job)
        if end > work.now:  # what is over is not kept alive
            work.notices.extended.append((extension.key, end - work.now))
        return Extended(expire_time=event.lease_expire_time, cancel_requested=work.is_cancelled(event))

    def _end(self, work: Workset, event: Event, duration: int) -> int:
        end = work.now + duration
        run_time = work.look_at_queue(event.queue).settings.max_run_time or self._max_run_time
        return end if run_time is None or event.delivery_time is None else min(end, event.delivery_time + run_time)
