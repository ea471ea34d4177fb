"""The answer to a commit, and how it is kept for repeats."""

import json
from dataclasses import dataclass

from queue_service.broker.push import Pushed
from queue_service.domain.outcomes import SettleStatus
from queue_service.domain.states import EventState
from queue_service.ports.changes import Settled


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitAnswer:
    """What a commit did, part by part in request order. versions: 0 where an entry was deleted."""

    pushes: tuple[Pushed, ...]
    settled: tuple[Settled, ...]
    versions: tuple[int, ...]
    commit_time: int
    deduplicated: bool = False


def encode_answer(answer: CommitAnswer) -> bytes:
    """The answer as it is kept."""
    return json.dumps(
        {
            "pushes": [[pushed.job_id.hex(), pushed.push_time, pushed.deduplicated] for pushed in answer.pushes],
            "settled": [
                [settled.status, settled.state, settled.due_time, settled.clamped] for settled in answer.settled
            ],
            "versions": answer.versions,
            "commit_time": answer.commit_time,
        },
        separators=(",", ":"),
    ).encode()


def decode_answer(data: bytes) -> CommitAnswer:
    """The answer that was kept."""
    kept = json.loads(data)
    return CommitAnswer(
        pushes=tuple(
            Pushed(job_id=bytes.fromhex(job_id), push_time=push_time, deduplicated=deduplicated)
            for job_id, push_time, deduplicated in kept["pushes"]
        ),
        settled=tuple(
            Settled(
                status=SettleStatus(status),
                state=None if state is None else EventState(state),
                due_time=due_time,
                clamped=clamped,
            )
            for status, state, due_time, clamped in kept["settled"]
        ),
        versions=tuple(kept["versions"]),
        commit_time=kept["commit_time"],
    )
