"""Requests of QueueService as what the broker takes, checked on the way."""

import hashlib
from collections.abc import Iterable, Sequence

from longshore.v1 import event_pb2, queue_service_pb2 as pb
from queue_service.broker.commit import CommitStep
from queue_service.broker.extend import Extension, ToldProgress
from queue_service.broker.push import NewJob, Parent
from queue_service.broker.settle import Settlement
from queue_service.domain.limits import LONGEST_DURATION, Limits
from queue_service.domain.outcomes import Failure, Outcome, Release, Retry, Success
from queue_service.domain.records import OnComplete
from queue_service.kv.entries import ABSENT, Check, Write
from queue_service.rpc.checks import Checks
from queue_service.rpc.event_specs import EventSpecs


class Requests:
    """Converts requests.

    Args:
        limits: the bounds they are held to.
        incarnation: the store's; lease ids of another one are lost.
    """

    def __init__(self, limits: Limits, incarnation: str) -> None:
        self._limits = limits
        self._incarnation = incarnation
        self._specs = EventSpecs(limits)

    def push(self, checks: Checks, path: str, message: pb.PushRequest, now: int) -> NewJob:
        """A job to push. path is put before the names of its fields."""
        queue = checks.queue(f"{path}queue", message.queue)
        most = self._limits.push_events
        events = self._specs.events(
            checks, path, message.events, now, most=most, max_attributes=self._limits.attributes
        )
        if message.HasField("request_id"):
            checks.text(f"{path}request_id", message.request_id, max_bytes=self._limits.id_bytes, required=True)
        if message.seal_group and not (message.HasField("group_id") or message.HasField("parent_lease_id")):
            checks.fault(f"{path}seal_group", "needs a group_id or parent_lease_id")
        group_id = checks.uuid(f"{path}group_id", message.group_id) if message.HasField("group_id") else None
        return NewJob(
            queue=queue,
            events=events,
            fingerprint=_fingerprint(message.queue, group_id, message.events[:most]),
            job_id=checks.uuid(f"{path}job_id", message.job_id, new=True) if message.HasField("job_id") else None,
            request_id=message.request_id if message.HasField("request_id") else None,
            group_id=group_id,
            seal_group=message.seal_group,
            parent=self.parent(checks, path, message),
        )

    def settlement(self, checks: Checks, path: str, message: pb.Acknowledgement) -> Settlement:
        """A delivery and what is said about it."""
        return Settlement(
            key=checks.lease(f"{path}lease_id", message.lease_id, self._incarnation),
            outcome=self._outcome(checks, path, message),
            lease_id=message.lease_id,
        )

    def extension(self, checks: Checks, path: str, message: pb.LeaseExtension) -> Extension:
        """A lease and how long it shall last."""
        duration = self._limits.lease_default
        if message.HasField("duration"):
            duration = checks.span(
                f"{path}duration", message.duration, lowest=self._limits.lease_min, highest=self._limits.lease_max
            )
        return Extension(
            key=checks.lease(f"{path}lease_id", message.lease_id, self._incarnation),
            duration=duration,
            progress=self._progress(checks, f"{path}progress.", message.progress)
            if message.HasField("progress")
            else None,
        )

    def commit(self, message: pb.CommitRequest, now: int) -> CommitStep:
        """An atomic step.

        Raises:
            InvalidRequest: fields are faulty.
        """
        checks = Checks()
        limits = self._limits
        events = sum(len(push.events) for push in message.pushes[: limits.push_events])
        checks.count(
            "acknowledgements and pushes[].events",
            len(message.acknowledgements) + events,
            lowest=0,
            highest=limits.settles,
        )
        checks.count("pushes", len(message.pushes), lowest=0, highest=limits.push_events)
        operations = len(message.entry_checks) + len(message.entry_writes)
        checks.count("entry_checks and entry_writes", operations, lowest=0, highest=limits.entry_operations)
        checks.done()  # the parts are looked at only when their number is bounded
        if message.HasField("request_id"):
            checks.text("request_id", message.request_id, max_bytes=limits.id_bytes, required=True)
        _each_once(checks, "acknowledgements[{}].lease_id", [ack.lease_id for ack in message.acknowledgements])
        _each_once(checks, "entry_checks[{}].key", [check.key for check in message.entry_checks])
        _each_once(checks, "entry_writes[{}].key", [write.key for write in message.entry_writes])
        _each_once(
            checks,
            "pushes[{}].request_id",
            [f"{push.queue}\n{push.request_id}" if push.request_id else None for push in message.pushes],
        )
        step = CommitStep(
            request_id=message.request_id if message.HasField("request_id") else None,
            fingerprint=hashlib.blake2b(message.SerializeToString(deterministic=True), digest_size=16).digest(),
            checks=tuple(
                self._check(checks, f"entry_checks[{n}].", check) for n, check in enumerate(message.entry_checks)
            ),
            settlements=tuple(
                self.settlement(checks, f"acknowledgements[{n}].", ack)
                for n, ack in enumerate(message.acknowledgements)
            ),
            pushes=tuple(self.push(checks, f"pushes[{n}].", push, now) for n, push in enumerate(message.pushes)),
            writes=tuple(
                self._write(checks, f"entry_writes[{n}].", write) for n, write in enumerate(message.entry_writes)
            ),
        )
        # By value: a UUID has several spellings.
        _each_once(checks, "pushes[{}].job_id", [push.job_id or None for push in step.pushes])
        checks.done()
        return step

    def on_complete(self, checks: Checks, message: pb.OnComplete, now: int) -> OnComplete:
        """A completion job."""
        limits = self._limits
        if message.ByteSize() > limits.on_complete_bytes:
            checks.fault("on_complete", f"may have {limits.on_complete_bytes:,} bytes, has {message.ByteSize():,}")
        return OnComplete(
            queue=checks.queue("on_complete.queue", message.queue),
            events=self._specs.events(
                checks,
                "on_complete.",
                message.events,
                now,
                most=limits.on_complete_events,
                max_attributes=limits.on_complete_attributes,
            ),
        )

    def subscriptions(self, checks: Checks, messages: Sequence[pb.Subscription]) -> tuple[str, ...]:
        """The queues to receive from."""
        most = self._limits.subscriptions
        checks.count("subscriptions", len(messages), lowest=1, highest=most)
        queues = [message.queue for message in messages[:most]]
        for number, queue in enumerate(queues):
            checks.queue(f"subscriptions[{number}].queue", queue)
        _each_once(checks, "subscriptions[{}].queue", queues)
        return tuple(queues)

    def parent(self, checks: Checks, path: str, message: pb.PushRequest | pb.CreateGroupRequest) -> Parent | None:
        """The handler that acts, if one does."""
        if not message.HasField("parent_lease_id"):
            return None
        key = checks.lease(f"{path}parent_lease_id", message.parent_lease_id, self._incarnation)
        return Parent(key=key, lease_id=message.parent_lease_id)

    def _progress(self, checks: Checks, path: str, message: pb.Progress) -> ToldProgress:
        fraction = message.fraction if message.HasField("fraction") else None
        if fraction is not None and not 0 <= fraction <= 1:
            checks.fault(f"{path}fraction", f"must be 0 to 1, is {fraction:g}")
        return ToldProgress(fraction=fraction, text=_cut(message.text, self._limits.message_bytes))

    def _outcome(self, checks: Checks, path: str, message: pb.Acknowledgement) -> Outcome:
        limits = self._limits
        kind = message.WhichOneof("outcome")
        if kind == "success":
            return Success(
                result=checks.optional_payload(
                    f"{path}success.result",
                    message.success.result,
                    present=message.success.HasField("result"),
                    max_bytes=limits.result_bytes,
                )
            )
        if kind == "retry":
            retry = message.retry
            after = None
            if retry.HasField("after"):
                after = checks.span(f"{path}retry.after", retry.after, lowest=0, highest=LONGEST_DURATION)
            return Retry(
                after=after,
                reason=checks.text(f"{path}retry.reason", retry.reason, max_bytes=limits.reason_bytes),
                message=_cut(retry.message, limits.message_bytes),
                data=checks.optional_payload(
                    f"{path}retry.data",
                    retry.data,
                    present=retry.HasField("data"),
                    max_bytes=limits.retry_data_bytes,
                ),
            )
        if kind == "failure":
            return Failure(
                reason=checks.text(f"{path}failure.reason", message.failure.reason, max_bytes=limits.reason_bytes),
                message=_cut(message.failure.message, limits.message_bytes),
            )
        if kind == "release":
            release = message.release
            return Release(
                after=checks.span(f"{path}release.after", release.after, lowest=0, highest=limits.delay),
                reason=checks.text(f"{path}release.reason", release.reason, max_bytes=limits.reason_bytes),
                data=checks.optional_payload(
                    f"{path}release.data",
                    release.data,
                    present=release.HasField("data"),
                    max_bytes=limits.retry_data_bytes,
                ),
            )
        checks.fault(f"{path}outcome", "must be one of success, retry, failure, release")
        return Success()

    @staticmethod
    def _check(checks: Checks, path: str, message: pb.EntryCheck) -> Check:
        key = checks.key(f"{path}key", message.key)
        match message.WhichOneof("condition"):
            case "absent":
                if not message.absent:
                    checks.fault(f"{path}absent", "must be true when given")
                return Check(key=key, version=ABSENT)
            case "version":
                if message.version < 1:
                    checks.fault(f"{path}version", "must be the version of an entry, from 1")
                return Check(key=key, version=message.version)
        checks.fault(f"{path}condition", "must be absent or version")
        return Check(key=key, version=ABSENT)

    def _write(self, checks: Checks, path: str, message: pb.EntryWrite) -> Write:
        key = checks.key(f"{path}key", message.key)
        kind = message.WhichOneof("operation")
        if kind is None:
            checks.fault(f"{path}operation", "must be set or delete")
        if kind != "set":
            return Write(key=key, payload=None)
        value = message.set
        expire_after = None
        if value.HasField("expire_after"):
            expire_after = checks.span(
                f"{path}set.expire_after", value.expire_after, lowest=1, highest=self._limits.entry_life
            )
        payload = checks.payload(
            f"{path}set.payload",
            value.payload,
            present=value.HasField("payload"),
            max_bytes=self._limits.entry_bytes,
        )
        return Write(key=key, payload=payload, expire_after=expire_after)


def _fingerprint(queue: str, group_id: bytes | None, events: Iterable[event_pb2.EventSpec]) -> bytes:
    group = "" if group_id is None else group_id.hex()  # by value: a UUID has several spellings
    digest = hashlib.blake2b(f"{queue}\n{group}\n".encode(), digest_size=16)
    for event in events:
        data = event.SerializeToString(deterministic=True)
        digest.update(len(data).to_bytes(4, "big"))
        digest.update(data)
    return digest.digest()


def _cut(text: str, max_bytes: int) -> str:
    data = text.encode()
    return text if len(data) <= max_bytes else data[:max_bytes].decode(errors="ignore")


def _each_once(checks: Checks, path: str, values: Iterable[str | bytes | None]) -> None:
    seen: set[str | bytes] = set()
    for number, value in enumerate(values):
        if value is not None and value in seen:
            checks.fault(path.format(number), "stands here a second time")
        elif value is not None:
            seen.add(value)
