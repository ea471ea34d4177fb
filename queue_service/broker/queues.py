"""What operators do with a queue: its settings, its pause, its end."""

from dataclasses import dataclass, replace

from queue_service.broker.terms import Terms
from queue_service.broker.unit import BrokerUnit
from queue_service.domain.errors import Fault, InvalidRequest, QueueNotFound, WrongState
from queue_service.domain.limits import SECOND
from queue_service.domain.queues import Queue, QueueSettings
from queue_service.ports import Needs, Workset


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsChange:
    """New values of some settings.

    Attributes:
        settings: the values; those that are not named do not matter.
        fields: names of the settings to change, without the policy.
        policy_fields: names of the fields of the policy to change.
    """

    settings: QueueSettings
    fields: frozenset[str] = frozenset()
    policy_fields: frozenset[str] = frozenset()

    def over(self, settings: QueueSettings) -> QueueSettings:
        """The settings with this change."""
        policy = {name: getattr(self.settings.policy, name) for name in self.policy_fields}
        fields = {name: getattr(self.settings, name) for name in self.fields}
        return replace(settings, **fields, policy=replace(settings.policy, **policy))


class UpdateQueue(BrokerUnit[Queue]):
    """Changes settings.

    Args:
        create: make the queue if it is not there.
    """

    def __init__(self, name: str, change: SettingsChange, *, create: bool, terms: Terms) -> None:
        self._name = name
        self._change = change
        self._create = create
        self._defaults = terms.policy

    def needs(self, needs: Needs) -> None:
        """Queues are always there."""

    def carry_out(self, work: Workset) -> Queue:
        """Change them.

        Raises:
            QueueNotFound: there is no such queue, and none is to be made.
            InvalidRequest: the retry policy would contradict itself.
        """
        known = work.find_queue(self._name)
        if known is None and not self._create:
            raise QueueNotFound(self._name)
        settings = self._change.over(QueueSettings() if known is None else known.settings)
        policy = settings.policy.over(self._defaults)
        if policy.initial_backoff > policy.max_backoff:
            waits = f"{policy.initial_backoff / SECOND:,g} s, above max_backoff, {policy.max_backoff / SECOND:,g} s"
            raise InvalidRequest(
                [
                    Fault(
                        field="settings.retry_policy.initial_backoff",
                        description=f"would be {waits}, with what the queue has and the broker's defaults: set both",
                    )
                ]
            )
        queue = work.queue(self._name)
        queue.settings = settings
        return queue


class PauseQueue(BrokerUnit[Queue]):
    """Pauses a queue or lets it go on. It goes before claims of its turn, so that none of them hands anything out."""

    urgent = True

    def __init__(self, name: str, *, paused: bool) -> None:
        self._name = name
        self._paused = paused

    def needs(self, needs: Needs) -> None:
        """Queues are always there."""

    def carry_out(self, work: Workset) -> Queue:
        """Pause it or let it go on.

        Raises:
            QueueNotFound: there is no such queue.
        """
        queue = existing_queue(work, self._name)
        if queue.paused is not self._paused:
            queue = work.change_queue(queue.id)
            queue.paused = work.notices.paused[queue.name] = self._paused
        return queue


class DeleteQueue(BrokerUnit[None]):
    """Forgets a queue that has no events. Its record stays as long as jobs point to it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def needs(self, needs: Needs) -> None:
        """Schedules that push to it."""
        needs.schedules_of_queues.add(self._name)

    def carry_out(self, work: Workset) -> None:
        """Forget its settings and totals.

        Raises:
            QueueNotFound: there is no such queue.
            WrongState: it has events, or a schedule pushes to it.
        """
        queue = existing_queue(work, self._name)
        if queue.pending or queue.leased or queue.failed:
            kinds = ("pending events", queue.pending), ("leased events", queue.leased), ("dead letters", queue.failed)
            has = ", ".join(f"{kind}: {count:,}" for kind, count in kinds if count)
            raise WrongState(
                "queue", queue.name, f"is not empty ({has}): purge it, let workers finish, delete its dead letters"
            )
        schedule = _pushing_schedule(work, queue.name)
        if schedule is not None:
            raise WrongState("queue", queue.name, f"is pushed to by the schedule {schedule!r}: delete that first")
        if queue.paused:
            work.notices.paused[queue.name] = False
        work.replace_queue(
            Queue(
                id=queue.id,
                name=queue.name,
                create_time=queue.create_time,
                deleted=True,
                finished_jobs=queue.finished_jobs,
            )
        )


def existing_queue(work: Workset, name: str) -> Queue:
    """A queue to look at.

    Raises:
        QueueNotFound: there is no such queue.
    """
    queue = work.find_queue(name)
    if queue is None:
        raise QueueNotFound(name)
    return queue


def _pushing_schedule(work: Workset, queue: str) -> str | None:
    """The name of a schedule that pushes to the queue, also of one that was put in this turn."""
    for schedule in work.changes.schedules.values():
        if schedule is not None and schedule.spec.queue == queue:
            return schedule.spec.name
    return work.loaded.schedule_of_queue.get(queue)
