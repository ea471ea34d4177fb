"""How long what has ended is kept. Spans are integer milliseconds."""

from dataclasses import dataclass
from enum import StrEnum

from queue_service.domain.limits import DAY, Milliseconds


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What pruning leaves."""

    jobs: Milliseconds = 7 * DAY
    """Of a finished job with its counts, longer while one of its event rows or an open group needs it."""
    max_jobs: int = 1_000_000
    """Finished jobs; above this the oldest go before their time, so that the file stays bounded."""
    dead_letters: Milliseconds = 30 * DAY
    """Of a failed event: time to look into it and redrive it."""
    commit_answers: Milliseconds = DAY
    """Of the answer to a Commit with a request_id: a repeat within this time is harmless."""


class Expiring(StrEnum):
    """What goes by its time alone: nothing counts it, and nothing points to it."""

    ENTRIES = "entries"
    """Expired ones; until they go they are absent for everyone."""
    COMMIT_ANSWERS = "commit_answers"
    LINEAGES = "lineages"
    """Pushes below a root that pushed nothing for long: a chain that goes on counts anew."""


PRUNED_AT_ONCE = 200
"""Rows that one step takes, a large one counting as several: keeps a turn of the writer in the low milliseconds."""
