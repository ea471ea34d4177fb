"""A run of an import in words: a line while it goes on, and everything about it."""

import time
from collections import deque
from collections.abc import Callable

from longshore.cli.printing import facts, moment
from longshore.quantities import format_duration
from longshore.runs import ExpectedEffects, Import, ImportMode, ImportState, ObjectTypeProgress

RATE_SECONDS = 10.0
"""The rate is that of the latest changes, over about so long."""
_MAX_SAMPLES = 1_000


class ProgressLine:
    """Tells a run that is followed in one line: with its rate, and how long reading will take where that is known."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._samples: deque[tuple[float, int]] = deque(maxlen=_MAX_SAMPLES)

    def __call__(self, run: Import) -> str:
        """The run in one line."""
        rate = self._rate(run)
        return summary(run, "" if rate is None else f" ({_pace(run, rate)})")

    def _rate(self, run: Import) -> float | None:
        """Records a second. None: not known, or nothing is being read."""
        if run.state is not ImportState.READING:
            self._samples.clear()
            return None
        now = self._now()
        self._samples.append((now, run.progress.records_read))
        while len(self._samples) > 1 and self._samples[1][0] <= now - RATE_SECONDS:
            self._samples.popleft()
        then, records = self._samples[0]
        return (run.progress.records_read - records) / (now - then) if now > then else None


def _pace(run: Import, rate: float) -> str:
    parts = [f"{rate:,.0f}/s"]
    expected = run.progress.records_expected
    if expected:
        left = max(0, expected - run.progress.records_read)
        parts.append(f"{min(1.0, run.progress.records_read / expected):.0%} of {expected:,}")
        if rate > 0 and left:
            parts.append(f"{format_duration(max(1, round(left / rate)) * 1000)} left")
    return ", ".join(parts)


def summary(run: Import, pace: str = "") -> str:
    """A run in one line, with what is known of its pace behind the records."""
    progress = run.progress
    mode = "" if run.mode in {ImportMode.FULL, ImportMode.UNSPECIFIED} else f" ({run.mode.lower()})"
    parts = [
        f"{run.name}: {run.state}{mode}",
        f"{progress.pages_read:,} pages",
        f"{progress.records_read:,} records{pace}",
        f"{progress.objects_submitted:,} objects submitted",
        f"{progress.chunks_submitted:,}/{progress.chunks:,} chunks",
    ]
    if progress.quarantined:
        parts.append(f"{progress.quarantined:,} quarantined")
    if run.suspended_until:
        parts.append(f"suspended until {run.suspended_until:%H:%M:%S} UTC")
    elif run.throttled_until and not run.state.terminal:
        parts.append(f"waiting until {run.throttled_until:%H:%M:%S} UTC")
    return "  ".join(parts)


def details(run: Import) -> str:
    """Everything about a run, line by line."""
    pairs: list[tuple[str, object]] = [
        ("import", run.import_id),
        ("group", run.group_id),
        ("started", moment(run.create_time)),
        ("ended", moment(run.end_time) if run.end_time else None),
        ("suspended until", moment(run.suspended_until) if run.suspended_until else None),
        ("executions", run.run_number if run.run_number > 1 else None),
        ("fewer objects", "accepted" if run.accept_shrink else None),
        ("may be empty", ", ".join(run.allowed_empty)),
        *((f"{counts.object_type}:", _counts(counts)) for counts in run.progress.object_types),
    ]
    if run.failure:
        pairs.append((f"{run.failure.reason}:", run.failure.message))
    return facts(summary(run), pairs)


def _counts(counts: ObjectTypeProgress) -> str:
    reported = (
        f"{getattr(counts, field):,} {field}"
        for field in ("created", "updated", "identical", "removed")
        if getattr(counts, field) is not None
    )
    told = ", ".join([f"{counts.objects:,} objects", *reported])
    return told if counts.expected is None else f"{told}\nexpected: {_effects(counts.expected)}"


def _effects(expected: ExpectedEffects) -> str:
    about = "about " if expected.estimated else ""
    return f"{about}{expected.created:,} created, {expected.updated:,} updated, {expected.missing:,} missing"
