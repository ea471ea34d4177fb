"""Timetables: the fire times of a cron expression in a time zone.

A local time comes when the clocks of the zone first show it or a later one. So what daylight saving skips comes at the
end of the gap, once, and of what it shows twice only the first counts. Instants are milliseconds since the epoch.
"""

from datetime import UTC, datetime, timedelta, tzinfo

from queue_service.domain.cron import Cron


class Timetable:
    """When an expression fires. Fire times lie on whole seconds."""

    def __init__(self, cron: Cron, zone: tzinfo) -> None:
        self._cron = cron
        self._zone = zone

    def after(self, instant: int) -> int | None:
        """The first fire time after an instant. None: there is none in 50 years."""
        local = self._cron.after(self._shown(instant // 1000))
        return None if local is None else self._comes(local) * 1000

    def until(self, instant: int) -> int | None:
        """The last fire time up to an instant. None: there is none in 50 years."""
        local = self._cron.until(self._shown(instant // 1000))
        return None if local is None else self._comes(local) * 1000

    def count(self, first: int, last: int) -> int:
        """Local times that come from one instant to another, both included. Some may share the end of a gap."""
        return self._cron.count(self._shown(first // 1000 - 1), self._shown(last // 1000))

    def _comes(self, local: datetime) -> int:
        """The second at which a local time comes."""
        first = int(local.replace(tzinfo=self._zone).timestamp())
        second = int(local.replace(tzinfo=self._zone, fold=1).timestamp())
        return first if first <= second else self._change(second, first)  # in a gap it is the other way round

    def _shown(self, second: int) -> datetime:
        """The latest local time that the clocks have shown until a second."""
        here = self._local(second)
        if here.fold:  # they were further already, before they were put back
            here = self._local(self._change(int(here.replace(fold=0).timestamp()), second) - 1)
        return here.replace(tzinfo=None, fold=0)

    def _change(self, before: int, until: int) -> int:
        """The second at which the clocks change, where they do so once after one second and up to another."""
        offset = self._offset(before)
        while until - before > 1:
            middle = (before + until) // 2
            if self._offset(middle) == offset:
                before = middle
            else:
                until = middle
        return until

    def _offset(self, second: int) -> timedelta | None:
        return self._local(second).utcoffset()

    def _local(self, second: int) -> datetime:
        return datetime.fromtimestamp(second, UTC).astimezone(self._zone)
