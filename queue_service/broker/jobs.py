"""Making jobs: what a push, the end of a group and a schedule have in common."""

from queue_service.broker.moves import admit
from queue_service.domain.records import Event, Group, Job, Lineage, NewEvent
from queue_service.domain.states import EventState
from queue_service.ports import Workset


def make_job(
    work: Workset,
    queue_name: str,
    specs: tuple[NewEvent, ...],
    *,
    job_id: bytes,
    lineage: Lineage | None = None,
    group: Group | None = None,
    request_id: str | None = None,
    fingerprint: bytes = b"",
) -> Job:
    """Make a job of events, of a lineage or as a root."""
    queue = work.queue(queue_name)
    job = Job(
        id=work.next_event,
        job_id=job_id,
        queue=queue.id,
        group=None if group is None else group.id,
        request_id=request_id,
        fingerprint=fingerprint,
        events=len(specs),
        root=job_id if lineage is None else lineage.root,
        depth=0 if lineage is None else lineage.depth,
        push_time=work.now,
    )
    if lineage is not None:
        work.changes.pushes_below[lineage.root] += 1
    events = [_make_event(work, job, ordinal, spec) for ordinal, spec in enumerate(specs)]
    work.add_job(job, events)
    admit(work, queue, events)
    return job


def _make_event(work: Workset, job: Job, ordinal: int, spec: NewEvent) -> Event:
    expire_time = None if spec.expire_after is None else work.now + spec.expire_after
    if expire_time is not None:
        work.tell_expiring(expire_time)
    return Event(
        id=job.id + ordinal,
        job=job.id,
        queue=job.queue,
        state=EventState.PENDING,
        priority=spec.priority,
        due_time=spec.due_time(work.now),
        key=None if spec.concurrency is None else work.key(*spec.concurrency).id,
        expire_time=expire_time,
        policy=spec.policy,
        payload=spec.payload,
        attributes=spec.attributes or {},
    )
