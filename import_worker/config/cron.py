"""Times that repeat, as cron expressions. What they mean is cronsim's."""

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError


def why_no_cron(expression: str) -> str | None:
    """Why a text is no cron expression. None: it is one."""
    try:
        CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        return f'{expression!r} is no cron expression such as "0 3 * * 0": {error}'
    return None


def next_time(expression: str, after: float) -> float | None:
    """The first time of an expression after a moment, in UTC and seconds since the epoch. None: it never comes."""
    found = next(CronSim(expression, datetime.fromtimestamp(after, UTC)), None)
    return None if found is None else found.timestamp()
