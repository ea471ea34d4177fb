"""Cron expressions: which local times one names. A library reads them and finds the times; counting is done here.

Local times here are datetimes without a zone, on whole seconds.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from cronsim import CronSim, CronSimError

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_SOME_TIME = datetime(2000, 1, 1)  # noqa: DTZ001  a local time
_FIELDS = (
    ("second", "0 to 59"),
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31, L for the last, LW for the last from Monday to Friday"),
    ("month", "1 to 12 or JAN to DEC"),
    ("day of the week", "0 to 7 or SUN to SAT, FRI#2 for the second Friday of the month, 5L for the last"),
)


def cron_faults(expression: str) -> Iterator[str]:
    """What is wrong with an expression, for people. Nothing: it names times."""
    given = expression.split()
    first = len(_FIELDS) - len(given)
    if first not in (0, 1):
        yield (
            "must have five fields (minute, hour, day of the month, month, day of the week), or six with seconds "
            f"first, has {len(given)}"
        )
        return
    fine = True
    for number, part in enumerate(given, first):
        alone = ["*"] * len(_FIELDS)
        alone[number] = part
        if not _can_be_read(alone):
            fine = False
            name, values = _FIELDS[number]
            yield f"{part!r} is no {name}: it may have {values}; * for all, 1-5, */2, and lists of these with commas"
    if fine and not _fires(expression):
        yield "never fires: no year has such a day"


def _can_be_read(parts: list[str]) -> bool:
    try:
        Cron(" ".join(parts))
    except ValueError:
        return False
    return True


def _fires(expression: str) -> bool:
    try:
        return Cron(expression).after(_SOME_TIME) is not None
    except ValueError:  # its fields contradict each other
        return False


class Cron:
    """An expression.

    Raises:
        ValueError: it has faults.
    """

    def __init__(self, expression: str) -> None:
        try:
            CronSim(expression, _SOME_TIME)
        except CronSimError as error:
            raise ValueError(f"{expression!r} is no cron expression: {error}") from error
        self._expression = expression

    def after(self, local: datetime) -> datetime | None:
        """The first time after one. None: there is none in the 50 years that follow."""
        return next(CronSim(self._expression, local), None)

    def until(self, local: datetime) -> datetime | None:
        """The last time up to one. None: there is none in the 50 years before."""
        return next(CronSim(self._expression, local + _SECOND, reverse=True), None)

    def count(self, after: datetime, until: datetime) -> int:
        """Times after one and up to another, without walking through them: whole days count at once."""
        named = CronSim(self._expression, _SOME_TIME)

        def has(day: date) -> bool:
            return day.month in named.months and named.match_day(day)

        def on_its_day_until(local: datetime) -> int:
            if not has(local.date()):
                return 0
            seconds = sum(second <= local.second for second in named.seconds)
            minutes = sum(minute < local.minute for minute in named.minutes) * len(named.seconds)
            hours = sum(hour < local.hour for hour in named.hours) * len(named.minutes) * len(named.seconds)
            in_minute = seconds if local.minute in named.minutes else 0
            return hours + (minutes + in_minute if local.hour in named.hours else 0)

        whole_days = sum(has(after.date() + number * _DAY) for number in range((until.date() - after.date()).days))
        times_a_day = len(named.hours) * len(named.minutes) * len(named.seconds)
        return whole_days * times_a_day + on_its_day_until(until) - on_its_day_until(after)
