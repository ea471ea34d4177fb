"""Commit: check entries, settle deliveries, push jobs, write entries, all or nothing in one transaction."""

from dataclasses import dataclass, replace

from queue_service.broker.answers import CommitAnswer, decode_answer, encode_answer
from queue_service.broker.push import NewJob, check_push, do_push
from queue_service.broker.room import Room
from queue_service.broker.settle import Settlement, check_settle, do_settle
from queue_service.broker.terms import Terms
from queue_service.broker.unit import BrokerUnit
from queue_service.domain.errors import IdReused
from queue_service.kv.entries import Check, Write, check_entry, do_write
from queue_service.ports import Needs, Workset
from queue_service.ports.changes import RememberedCommit


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitStep:
    """What a commit consists of.

    Attributes:
        request_id: under which the answer is remembered. None: it is not.
        fingerprint: digest of the whole request.
    """

    request_id: str | None
    fingerprint: bytes
    checks: tuple[Check, ...]
    settlements: tuple[Settlement, ...]
    pushes: tuple[NewJob, ...]
    writes: tuple[Write, ...]


class Commit(BrokerUnit[CommitAnswer]):
    """Carries out a step, once for each request_id."""

    urgent = True

    def __init__(self, step: CommitStep, *, terms: Terms) -> None:
        self._step = step
        self.weight = len(step.settlements) + sum(push.weight for push in step.pushes)
        self.grows = bool(step.pushes) or any(write.payload is not None for write in step.writes)
        self.weight += sum(write.weight for write in step.writes)
        self._terms = terms

    def needs(self, needs: Needs) -> None:
        """Everything that the parts need."""
        step = self._step
        if step.request_id is not None:
            needs.commits.add(step.request_id)
        needs.entries.update(check.key for check in step.checks)
        needs.entries.update(write.key for write in step.writes)
        needs.events.update(settlement.key.event for settlement in step.settlements)
        for push in step.pushes:
            push.needs(needs)

    def carry_out(self, work: Workset) -> CommitAnswer:
        """Check all, then do all. The pushes come first so that the leases settled here still count as parents.

        Raises:
            BrokerError: what the first part that does not hold raises.
        """
        step = self._step
        remembered = work.loaded.commits.get(step.request_id or "")
        if remembered is not None and remembered.expire_time > work.now:
            if remembered.fingerprint != step.fingerprint:
                raise IdReused("request_id", remembered.request_id)
            return replace(decode_answer(remembered.answer), deduplicated=True)
        for settlement in step.settlements:
            check_settle(work, settlement)
        for check in step.checks:
            check_entry(work, check)
        room = Room(work, self._terms.limits)
        repeats = [check_push(work, push, room) for push in step.pushes]
        answer = CommitAnswer(
            pushes=tuple(repeat or do_push(work, push) for repeat, push in zip(repeats, step.pushes, strict=True)),
            settled=tuple(do_settle(work, settlement, self._terms) for settlement in step.settlements),
            versions=tuple(
                0 if entry is None else entry.version for entry in [do_write(work, write) for write in step.writes]
            ),
            commit_time=work.now,
        )
        if step.request_id is not None:
            commit = RememberedCommit(
                request_id=step.request_id,
                fingerprint=step.fingerprint,
                answer=encode_answer(answer),
                expire_time=work.now + self._terms.retention.commit_answers,
            )
            work.remember_commit(commit)
        return answer
