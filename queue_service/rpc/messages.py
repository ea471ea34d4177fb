"""What the broker answers, as messages."""

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from longshore.v1 import event_pb2, kv_service_pb2, queue_service_pb2 as pb
from queue_service.broker.answers import CommitAnswer
from queue_service.broker.claim import Delivered
from queue_service.broker.extend import Extended
from queue_service.broker.push import Pushed
from queue_service.domain.ids import completion_job_id, format_id, lease_id
from queue_service.domain.limits import DEFAULT_PRIORITY
from queue_service.domain.outcomes import SettleStatus
from queue_service.domain.records import Context, Entry, Event, Group, Job, NewEvent, Payload, Progress
from queue_service.domain.retry import PolicyChange, RetryPolicy
from queue_service.ports.changes import Settled
from queue_service.ports.store import JobDetails, JobView


def timestamp(millis: int) -> Timestamp:
    """An instant."""
    return Timestamp(seconds=millis // 1000, nanos=millis % 1000 * 1_000_000)


def optional_timestamp(millis: int | None) -> Timestamp | None:
    """An instant that may be absent."""
    return None if millis is None else timestamp(millis)


def optional_duration(millis: int | None) -> Duration | None:
    """A span that may be absent."""
    return None if millis is None else Duration(seconds=millis // 1000, nanos=millis % 1000 * 1_000_000)


def retry_policy(policy: RetryPolicy | PolicyChange) -> event_pb2.RetryPolicy:
    """A policy, or the fields of one that are set."""
    return event_pb2.RetryPolicy(
        max_attempts=policy.max_attempts,
        max_age=optional_duration(policy.max_age),
        max_lease_losses=policy.max_lease_losses,
        initial_backoff=optional_duration(policy.initial_backoff),
        multiplier=policy.multiplier,
        max_backoff=optional_duration(policy.max_backoff),
        jitter=None if policy.jitter is None else f"JITTER_{policy.jitter.name}",
    )


def payload(value: Payload) -> event_pb2.Payload:
    """Carried data."""
    return event_pb2.Payload(json=value.data.decode()) if value.is_json else event_pb2.Payload(data=value.data)


def event_spec(spec: NewEvent) -> event_pb2.EventSpec:
    """An event that is to be pushed. What is as it would be without saying so is absent."""
    return event_pb2.EventSpec(
        payload=payload(spec.payload),
        delay=optional_duration(spec.delay or None),
        not_before_time=optional_timestamp(spec.not_before_time),
        priority=None if spec.priority == DEFAULT_PRIORITY else spec.priority,
        concurrency=None if spec.concurrency is None else event_pb2.Concurrency(**spec.concurrency._asdict()),
        attributes=spec.attributes,
        retry_policy=None if spec.policy is None else retry_policy(spec.policy),
        expire_after=optional_duration(spec.expire_after),
    )


def delivery(delivered: Delivered, incarnation: str) -> event_pb2.Delivery:
    """One delivery."""
    event, job = delivered.event, delivered.job
    job_id = format_id(job.job_id)
    return event_pb2.Delivery(
        lease_id=lease_id(incarnation, delivered.key),
        event_id=f"{job_id}.{event.id - job.id}",
        job_id=job_id,
        queue=delivered.queue.name,
        payload=None if delivered.payload is None else payload(delivered.payload),
        attributes=delivered.attributes,
        attempt=delivered.key.attempt,
        retry_context=_retry_context(event, delivered) if delivered.key.attempt > 1 else None,
        lease_expire_time=timestamp(delivered.lease_expire_time),
        push_time=timestamp(job.push_time),
        group_id=None if delivered.group is None else format_id(delivered.group.group_id),
        lineage=_lineage(job),
        priority=event.priority,
        run_end_time=optional_timestamp(delivered.run_end_time),
    )


def _retry_context(event: Event, delivered: Delivered) -> event_pb2.RetryContext:
    context = event.context or Context()
    return event_pb2.RetryContext(
        retry_count=event.failures,
        reason=context.reason,
        message=context.message,
        data=None if context.data is None else payload(context.data),
        first_push_time=timestamp(delivered.job.push_time),
        lease_losses=event.lease_losses,
    )


def _lineage(job: Job) -> event_pb2.Lineage:
    return event_pb2.Lineage(root_job_id=format_id(job.root), depth=job.depth)


def pushed(answer: Pushed) -> pb.PushResponse:
    """The answer to a push."""
    return pb.PushResponse(
        job_id=format_id(answer.job_id), push_time=timestamp(answer.push_time), deduplicated=answer.deduplicated
    )


_ACK_STATUS = {
    SettleStatus.OK: "ACK_STATUS_OK",
    SettleStatus.ALREADY_FINAL: "ACK_STATUS_ALREADY_FINAL",
    SettleStatus.LEASE_LOST: "ACK_STATUS_LEASE_LOST",
}


def ack_result(lease: str, settled: Settled) -> pb.AckResult:
    """The answer to one acknowledgement."""
    return pb.AckResult(
        lease_id=lease,
        status=_ACK_STATUS[settled.status],
        event_state=None if settled.state is None else f"EVENT_STATE_{settled.state.name}",
        next_due_time=optional_timestamp(settled.due_time),
        after_clamped=settled.clamped,
    )


def extend_result(lease: str, extended: Extended) -> pb.ExtendResult:
    """The answer for one lease."""
    return pb.ExtendResult(
        lease_id=lease,
        lost=extended.expire_time is None,
        cancel_requested=extended.cancel_requested,
        lease_expire_time=optional_timestamp(extended.expire_time),
    )


def committed(request: pb.CommitRequest, answer: CommitAnswer) -> pb.CommitResponse:
    """The answer to a commit."""
    return pb.CommitResponse(
        acknowledgements=[
            ack_result(ack.lease_id, settled)
            for ack, settled in zip(request.acknowledgements, answer.settled, strict=True)
        ],
        pushes=[pushed(push) for push in answer.pushes],
        entry_writes=[
            pb.EntryWriteResult(key=write.key, version=version)
            for write, version in zip(request.entry_writes, answer.versions, strict=True)
        ],
        commit_time=timestamp(answer.commit_time),
        deduplicated=answer.deduplicated,
    )


def job_stats(job: Job) -> pb.JobStats:
    """The counts of a job."""
    return pb.JobStats(
        job_id=format_id(job.job_id),
        success=job.success,
        in_progress=job.in_progress,
        failed=job.failed,
        cancelled=job.cancelled,
        state=f"JOB_STATE_{job.state.name}",
        push_time=timestamp(job.push_time),
        finish_time=optional_timestamp(job.finish_time),
    )


def job_message(details: JobDetails) -> pb.Job:
    """A job with what is shown of its events."""
    message = listed_job(details.view)
    message.pushes_below_root = details.pushes_below_root
    for ordinal, told in details.progress.items():
        message.progress.add(
            event_id=f"{message.job_id}.{ordinal}",
            progress=progress(told),
            update_time=timestamp(told.update_time),
        )
    for ordinal, result in details.results.items():
        message.results.add(event_id=f"{message.job_id}.{ordinal}", result=payload(result))
    return message


def listed_job(view: JobView) -> pb.Job:
    """A job."""
    job = view.job
    cancels = [time for time in (job.cancel_time, view.group_cancel_time) if time is not None]
    return pb.Job(
        job_id=format_id(job.job_id),
        queue=view.queue,
        request_id=job.request_id,
        group_id=None if view.group_id is None else format_id(view.group_id),
        lineage=_lineage(job),
        stats=job_stats(job),
        cancel_time=optional_timestamp(min(cancels, default=None)),
    )


def progress(told: Progress) -> pb.Progress:
    """How far the work on an event is."""
    return pb.Progress(fraction=told.fraction, text=told.text)


def group_message(group: Group) -> pb.Group:
    """A group."""
    return pb.Group(
        group_id=format_id(group.group_id),
        state=f"GROUP_STATE_{group.state.name}",
        result=None if group.result is None else f"GROUP_RESULT_{group.result.name}",
        jobs=group.jobs,
        success=group.success,
        in_progress=group.in_progress,
        failed=group.failed,
        cancelled=group.cancelled,
        create_time=timestamp(group.create_time),
        complete_time=optional_timestamp(group.complete_time),
        cancel_time=optional_timestamp(group.cancel_time),
        on_complete_job_id=None if group.on_complete is None else format_id(completion_job_id(group.group_id)),
    )


def entry_message(entry: Entry) -> kv_service_pb2.Entry:
    """An entry."""
    return kv_service_pb2.Entry(
        key=entry.key,
        payload=None if entry.payload is None else payload(entry.payload),
        version=entry.version,
        create_time=timestamp(entry.create_time),
        update_time=timestamp(entry.update_time),
        expire_time=optional_timestamp(entry.expire_time),
    )
