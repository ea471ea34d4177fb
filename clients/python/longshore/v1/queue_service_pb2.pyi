import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from longshore.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StreamNotice(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STREAM_NOTICE_UNSPECIFIED: _ClassVar[StreamNotice]
    STREAM_NOTICE_HEARTBEAT: _ClassVar[StreamNotice]
    STREAM_NOTICE_DRAINING: _ClassVar[StreamNotice]

class AckStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACK_STATUS_UNSPECIFIED: _ClassVar[AckStatus]
    ACK_STATUS_OK: _ClassVar[AckStatus]
    ACK_STATUS_ALREADY_FINAL: _ClassVar[AckStatus]
    ACK_STATUS_LEASE_LOST: _ClassVar[AckStatus]
    ACK_STATUS_INVALID: _ClassVar[AckStatus]

class JobState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_STATE_UNSPECIFIED: _ClassVar[JobState]
    JOB_STATE_IN_PROGRESS: _ClassVar[JobState]
    JOB_STATE_SUCCEEDED: _ClassVar[JobState]
    JOB_STATE_FAILED: _ClassVar[JobState]
    JOB_STATE_CANCELLED: _ClassVar[JobState]

class GroupState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GROUP_STATE_UNSPECIFIED: _ClassVar[GroupState]
    GROUP_STATE_OPEN: _ClassVar[GroupState]
    GROUP_STATE_SEALED: _ClassVar[GroupState]
    GROUP_STATE_COMPLETE: _ClassVar[GroupState]

class GroupResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GROUP_RESULT_UNSPECIFIED: _ClassVar[GroupResult]
    GROUP_RESULT_SUCCEEDED: _ClassVar[GroupResult]
    GROUP_RESULT_HAS_FAILURES: _ClassVar[GroupResult]
    GROUP_RESULT_CANCELLED: _ClassVar[GroupResult]
STREAM_NOTICE_UNSPECIFIED: StreamNotice
STREAM_NOTICE_HEARTBEAT: StreamNotice
STREAM_NOTICE_DRAINING: StreamNotice
ACK_STATUS_UNSPECIFIED: AckStatus
ACK_STATUS_OK: AckStatus
ACK_STATUS_ALREADY_FINAL: AckStatus
ACK_STATUS_LEASE_LOST: AckStatus
ACK_STATUS_INVALID: AckStatus
JOB_STATE_UNSPECIFIED: JobState
JOB_STATE_IN_PROGRESS: JobState
JOB_STATE_SUCCEEDED: JobState
JOB_STATE_FAILED: JobState
JOB_STATE_CANCELLED: JobState
GROUP_STATE_UNSPECIFIED: GroupState
GROUP_STATE_OPEN: GroupState
GROUP_STATE_SEALED: GroupState
GROUP_STATE_COMPLETE: GroupState
GROUP_RESULT_UNSPECIFIED: GroupResult
GROUP_RESULT_SUCCEEDED: GroupResult
GROUP_RESULT_HAS_FAILURES: GroupResult
GROUP_RESULT_CANCELLED: GroupResult

class PushRequest(_message.Message):
    __slots__ = ("queue", "events", "job_id", "request_id", "group_id", "seal_group", "parent_lease_id")
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    SEAL_GROUP_FIELD_NUMBER: _ClassVar[int]
    PARENT_LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    queue: str
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.EventSpec]
    job_id: str
    request_id: str
    group_id: str
    seal_group: bool
    parent_lease_id: str
    def __init__(self, queue: _Optional[str] = ..., events: _Optional[_Iterable[_Union[_event_pb2.EventSpec, _Mapping]]] = ..., job_id: _Optional[str] = ..., request_id: _Optional[str] = ..., group_id: _Optional[str] = ..., seal_group: _Optional[bool] = ..., parent_lease_id: _Optional[str] = ...) -> None: ...

class PushResponse(_message.Message):
    __slots__ = ("job_id", "push_time", "deduplicated")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    PUSH_TIME_FIELD_NUMBER: _ClassVar[int]
    DEDUPLICATED_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    push_time: _timestamp_pb2.Timestamp
    deduplicated: bool
    def __init__(self, job_id: _Optional[str] = ..., push_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deduplicated: _Optional[bool] = ...) -> None: ...

class BatchPushRequest(_message.Message):
    __slots__ = ("pushes",)
    PUSHES_FIELD_NUMBER: _ClassVar[int]
    pushes: _containers.RepeatedCompositeFieldContainer[PushRequest]
    def __init__(self, pushes: _Optional[_Iterable[_Union[PushRequest, _Mapping]]] = ...) -> None: ...

class BatchPushResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[BatchPushResult]
    def __init__(self, results: _Optional[_Iterable[_Union[BatchPushResult, _Mapping]]] = ...) -> None: ...

class BatchPushResult(_message.Message):
    __slots__ = ("push", "error")
    PUSH_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    push: PushResponse
    error: _event_pb2.ItemError
    def __init__(self, push: _Optional[_Union[PushResponse, _Mapping]] = ..., error: _Optional[_Union[_event_pb2.ItemError, _Mapping]] = ...) -> None: ...

class Subscription(_message.Message):
    __slots__ = ("queue",)
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    queue: str
    def __init__(self, queue: _Optional[str] = ...) -> None: ...

class StreamEventsRequest(_message.Message):
    __slots__ = ("subscriptions", "worker_id", "max_in_flight", "lease_duration")
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    LEASE_DURATION_FIELD_NUMBER: _ClassVar[int]
    subscriptions: _containers.RepeatedCompositeFieldContainer[Subscription]
    worker_id: str
    max_in_flight: int
    lease_duration: _duration_pb2.Duration
    def __init__(self, subscriptions: _Optional[_Iterable[_Union[Subscription, _Mapping]]] = ..., worker_id: _Optional[str] = ..., max_in_flight: _Optional[int] = ..., lease_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Cancellation(_message.Message):
    __slots__ = ("lease_id", "event_id")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    event_id: str
    def __init__(self, lease_id: _Optional[str] = ..., event_id: _Optional[str] = ...) -> None: ...

class StreamEventsResponse(_message.Message):
    __slots__ = ("deliveries", "cancellations", "notice")
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    CANCELLATIONS_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    deliveries: _containers.RepeatedCompositeFieldContainer[_event_pb2.Delivery]
    cancellations: _containers.RepeatedCompositeFieldContainer[Cancellation]
    notice: StreamNotice
    def __init__(self, deliveries: _Optional[_Iterable[_Union[_event_pb2.Delivery, _Mapping]]] = ..., cancellations: _Optional[_Iterable[_Union[Cancellation, _Mapping]]] = ..., notice: _Optional[_Union[StreamNotice, str]] = ...) -> None: ...

class LeaseEventsRequest(_message.Message):
    __slots__ = ("subscriptions", "worker_id", "max_events", "wait", "lease_duration")
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_EVENTS_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    LEASE_DURATION_FIELD_NUMBER: _ClassVar[int]
    subscriptions: _containers.RepeatedCompositeFieldContainer[Subscription]
    worker_id: str
    max_events: int
    wait: _duration_pb2.Duration
    lease_duration: _duration_pb2.Duration
    def __init__(self, subscriptions: _Optional[_Iterable[_Union[Subscription, _Mapping]]] = ..., worker_id: _Optional[str] = ..., max_events: _Optional[int] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., lease_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class LeaseEventsResponse(_message.Message):
    __slots__ = ("deliveries",)
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    deliveries: _containers.RepeatedCompositeFieldContainer[_event_pb2.Delivery]
    def __init__(self, deliveries: _Optional[_Iterable[_Union[_event_pb2.Delivery, _Mapping]]] = ...) -> None: ...

class Acknowledgement(_message.Message):
    __slots__ = ("lease_id", "success", "retry", "failure", "release")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    RETRY_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    success: Success
    retry: Retry
    failure: Failure
    release: Release
    def __init__(self, lease_id: _Optional[str] = ..., success: _Optional[_Union[Success, _Mapping]] = ..., retry: _Optional[_Union[Retry, _Mapping]] = ..., failure: _Optional[_Union[Failure, _Mapping]] = ..., release: _Optional[_Union[Release, _Mapping]] = ...) -> None: ...

class Success(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _event_pb2.Payload
    def __init__(self, result: _Optional[_Union[_event_pb2.Payload, _Mapping]] = ...) -> None: ...

class Retry(_message.Message):
    __slots__ = ("after", "reason", "message", "data")
    AFTER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    after: _duration_pb2.Duration
    reason: str
    message: str
    data: _event_pb2.Payload
    def __init__(self, after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., data: _Optional[_Union[_event_pb2.Payload, _Mapping]] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("reason", "message")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class Release(_message.Message):
    __slots__ = ("after", "reason", "data")
    AFTER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    after: _duration_pb2.Duration
    reason: str
    data: _event_pb2.Payload
    def __init__(self, after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., reason: _Optional[str] = ..., data: _Optional[_Union[_event_pb2.Payload, _Mapping]] = ...) -> None: ...

class AckResult(_message.Message):
    __slots__ = ("lease_id", "status", "event_state", "next_due_time", "after_clamped", "error")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    EVENT_STATE_FIELD_NUMBER: _ClassVar[int]
    NEXT_DUE_TIME_FIELD_NUMBER: _ClassVar[int]
    AFTER_CLAMPED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    status: AckStatus
    event_state: _event_pb2.EventState
    next_due_time: _timestamp_pb2.Timestamp
    after_clamped: bool
    error: _event_pb2.ItemError
    def __init__(self, lease_id: _Optional[str] = ..., status: _Optional[_Union[AckStatus, str]] = ..., event_state: _Optional[_Union[_event_pb2.EventState, str]] = ..., next_due_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., after_clamped: _Optional[bool] = ..., error: _Optional[_Union[_event_pb2.ItemError, _Mapping]] = ...) -> None: ...

class AckRequest(_message.Message):
    __slots__ = ("acknowledgements",)
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    acknowledgements: _containers.RepeatedCompositeFieldContainer[Acknowledgement]
    def __init__(self, acknowledgements: _Optional[_Iterable[_Union[Acknowledgement, _Mapping]]] = ...) -> None: ...

class AckResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[AckResult]
    def __init__(self, results: _Optional[_Iterable[_Union[AckResult, _Mapping]]] = ...) -> None: ...

class LeaseExtension(_message.Message):
    __slots__ = ("lease_id", "duration", "progress")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    duration: _duration_pb2.Duration
    progress: Progress
    def __init__(self, lease_id: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("fraction", "text")
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    fraction: float
    text: str
    def __init__(self, fraction: _Optional[float] = ..., text: _Optional[str] = ...) -> None: ...

class ExtendLeasesRequest(_message.Message):
    __slots__ = ("extensions",)
    EXTENSIONS_FIELD_NUMBER: _ClassVar[int]
    extensions: _containers.RepeatedCompositeFieldContainer[LeaseExtension]
    def __init__(self, extensions: _Optional[_Iterable[_Union[LeaseExtension, _Mapping]]] = ...) -> None: ...

class ExtendResult(_message.Message):
    __slots__ = ("lease_id", "lost", "cancel_requested", "lease_expire_time", "error")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    LEASE_EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    lost: bool
    cancel_requested: bool
    lease_expire_time: _timestamp_pb2.Timestamp
    error: _event_pb2.ItemError
    def __init__(self, lease_id: _Optional[str] = ..., lost: _Optional[bool] = ..., cancel_requested: _Optional[bool] = ..., lease_expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., error: _Optional[_Union[_event_pb2.ItemError, _Mapping]] = ...) -> None: ...

class ExtendLeasesResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[ExtendResult]
    def __init__(self, results: _Optional[_Iterable[_Union[ExtendResult, _Mapping]]] = ...) -> None: ...

class EntryCheck(_message.Message):
    __slots__ = ("key", "absent", "version")
    KEY_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    key: str
    absent: bool
    version: int
    def __init__(self, key: _Optional[str] = ..., absent: _Optional[bool] = ..., version: _Optional[int] = ...) -> None: ...

class EntryWrite(_message.Message):
    __slots__ = ("key", "set", "delete")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SET_FIELD_NUMBER: _ClassVar[int]
    DELETE_FIELD_NUMBER: _ClassVar[int]
    key: str
    set: EntrySet
    delete: EntryDelete
    def __init__(self, key: _Optional[str] = ..., set: _Optional[_Union[EntrySet, _Mapping]] = ..., delete: _Optional[_Union[EntryDelete, _Mapping]] = ...) -> None: ...

class EntrySet(_message.Message):
    __slots__ = ("payload", "expire_after")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_AFTER_FIELD_NUMBER: _ClassVar[int]
    payload: _event_pb2.Payload
    expire_after: _duration_pb2.Duration
    def __init__(self, payload: _Optional[_Union[_event_pb2.Payload, _Mapping]] = ..., expire_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class EntryDelete(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CommitRequest(_message.Message):
    __slots__ = ("request_id", "entry_checks", "acknowledgements", "pushes", "entry_writes")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRY_CHECKS_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    PUSHES_FIELD_NUMBER: _ClassVar[int]
    ENTRY_WRITES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    entry_checks: _containers.RepeatedCompositeFieldContainer[EntryCheck]
    acknowledgements: _containers.RepeatedCompositeFieldContainer[Acknowledgement]
    pushes: _containers.RepeatedCompositeFieldContainer[PushRequest]
    entry_writes: _containers.RepeatedCompositeFieldContainer[EntryWrite]
    def __init__(self, request_id: _Optional[str] = ..., entry_checks: _Optional[_Iterable[_Union[EntryCheck, _Mapping]]] = ..., acknowledgements: _Optional[_Iterable[_Union[Acknowledgement, _Mapping]]] = ..., pushes: _Optional[_Iterable[_Union[PushRequest, _Mapping]]] = ..., entry_writes: _Optional[_Iterable[_Union[EntryWrite, _Mapping]]] = ...) -> None: ...

class EntryWriteResult(_message.Message):
    __slots__ = ("key", "version")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    key: str
    version: int
    def __init__(self, key: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class CommitResponse(_message.Message):
    __slots__ = ("acknowledgements", "pushes", "entry_writes", "commit_time", "deduplicated")
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    PUSHES_FIELD_NUMBER: _ClassVar[int]
    ENTRY_WRITES_FIELD_NUMBER: _ClassVar[int]
    COMMIT_TIME_FIELD_NUMBER: _ClassVar[int]
    DEDUPLICATED_FIELD_NUMBER: _ClassVar[int]
    acknowledgements: _containers.RepeatedCompositeFieldContainer[AckResult]
    pushes: _containers.RepeatedCompositeFieldContainer[PushResponse]
    entry_writes: _containers.RepeatedCompositeFieldContainer[EntryWriteResult]
    commit_time: _timestamp_pb2.Timestamp
    deduplicated: bool
    def __init__(self, acknowledgements: _Optional[_Iterable[_Union[AckResult, _Mapping]]] = ..., pushes: _Optional[_Iterable[_Union[PushResponse, _Mapping]]] = ..., entry_writes: _Optional[_Iterable[_Union[EntryWriteResult, _Mapping]]] = ..., commit_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deduplicated: _Optional[bool] = ...) -> None: ...

class JobStats(_message.Message):
    __slots__ = ("job_id", "success", "in_progress", "failed", "cancelled", "state", "push_time", "finish_time")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    IN_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PUSH_TIME_FIELD_NUMBER: _ClassVar[int]
    FINISH_TIME_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    success: int
    in_progress: int
    failed: int
    cancelled: int
    state: JobState
    push_time: _timestamp_pb2.Timestamp
    finish_time: _timestamp_pb2.Timestamp
    def __init__(self, job_id: _Optional[str] = ..., success: _Optional[int] = ..., in_progress: _Optional[int] = ..., failed: _Optional[int] = ..., cancelled: _Optional[int] = ..., state: _Optional[_Union[JobState, str]] = ..., push_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finish_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("job_id", "queue", "request_id", "group_id", "lineage", "stats", "cancel_time", "pushes_below_root", "progress", "results")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    LINEAGE_FIELD_NUMBER: _ClassVar[int]
    STATS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_TIME_FIELD_NUMBER: _ClassVar[int]
    PUSHES_BELOW_ROOT_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    queue: str
    request_id: str
    group_id: str
    lineage: _event_pb2.Lineage
    stats: JobStats
    cancel_time: _timestamp_pb2.Timestamp
    pushes_below_root: int
    progress: _containers.RepeatedCompositeFieldContainer[EventProgress]
    results: _containers.RepeatedCompositeFieldContainer[EventResult]
    def __init__(self, job_id: _Optional[str] = ..., queue: _Optional[str] = ..., request_id: _Optional[str] = ..., group_id: _Optional[str] = ..., lineage: _Optional[_Union[_event_pb2.Lineage, _Mapping]] = ..., stats: _Optional[_Union[JobStats, _Mapping]] = ..., cancel_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., pushes_below_root: _Optional[int] = ..., progress: _Optional[_Iterable[_Union[EventProgress, _Mapping]]] = ..., results: _Optional[_Iterable[_Union[EventResult, _Mapping]]] = ...) -> None: ...

class EventProgress(_message.Message):
    __slots__ = ("event_id", "progress", "update_time")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    progress: Progress
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, event_id: _Optional[str] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EventResult(_message.Message):
    __slots__ = ("event_id", "result")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    result: _event_pb2.Payload
    def __init__(self, event_id: _Optional[str] = ..., result: _Optional[_Union[_event_pb2.Payload, _Mapping]] = ...) -> None: ...

class WatchJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class WatchJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class GetJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class GetJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class GetJobStatsRequest(_message.Message):
    __slots__ = ("job_ids",)
    JOB_IDS_FIELD_NUMBER: _ClassVar[int]
    job_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, job_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetJobStatsResponse(_message.Message):
    __slots__ = ("stats", "missing_job_ids")
    STATS_FIELD_NUMBER: _ClassVar[int]
    MISSING_JOB_IDS_FIELD_NUMBER: _ClassVar[int]
    stats: _containers.RepeatedCompositeFieldContainer[JobStats]
    missing_job_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, stats: _Optional[_Iterable[_Union[JobStats, _Mapping]]] = ..., missing_job_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class CancelJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class CancelJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class OnComplete(_message.Message):
    __slots__ = ("queue", "events")
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    queue: str
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.EventSpec]
    def __init__(self, queue: _Optional[str] = ..., events: _Optional[_Iterable[_Union[_event_pb2.EventSpec, _Mapping]]] = ...) -> None: ...

class Group(_message.Message):
    __slots__ = ("group_id", "state", "result", "jobs", "success", "in_progress", "failed", "cancelled", "create_time", "complete_time", "cancel_time", "on_complete_job_id")
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    JOBS_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    IN_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_TIME_FIELD_NUMBER: _ClassVar[int]
    CANCEL_TIME_FIELD_NUMBER: _ClassVar[int]
    ON_COMPLETE_JOB_ID_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    state: GroupState
    result: GroupResult
    jobs: int
    success: int
    in_progress: int
    failed: int
    cancelled: int
    create_time: _timestamp_pb2.Timestamp
    complete_time: _timestamp_pb2.Timestamp
    cancel_time: _timestamp_pb2.Timestamp
    on_complete_job_id: str
    def __init__(self, group_id: _Optional[str] = ..., state: _Optional[_Union[GroupState, str]] = ..., result: _Optional[_Union[GroupResult, str]] = ..., jobs: _Optional[int] = ..., success: _Optional[int] = ..., in_progress: _Optional[int] = ..., failed: _Optional[int] = ..., cancelled: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., complete_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cancel_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., on_complete_job_id: _Optional[str] = ...) -> None: ...

class CreateGroupRequest(_message.Message):
    __slots__ = ("group_id", "on_complete", "parent_lease_id")
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    ON_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    PARENT_LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    on_complete: OnComplete
    parent_lease_id: str
    def __init__(self, group_id: _Optional[str] = ..., on_complete: _Optional[_Union[OnComplete, _Mapping]] = ..., parent_lease_id: _Optional[str] = ...) -> None: ...

class CreateGroupResponse(_message.Message):
    __slots__ = ("group", "deduplicated")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    DEDUPLICATED_FIELD_NUMBER: _ClassVar[int]
    group: Group
    deduplicated: bool
    def __init__(self, group: _Optional[_Union[Group, _Mapping]] = ..., deduplicated: _Optional[bool] = ...) -> None: ...

class SealGroupRequest(_message.Message):
    __slots__ = ("group_id",)
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    def __init__(self, group_id: _Optional[str] = ...) -> None: ...

class SealGroupResponse(_message.Message):
    __slots__ = ("group",)
    GROUP_FIELD_NUMBER: _ClassVar[int]
    group: Group
    def __init__(self, group: _Optional[_Union[Group, _Mapping]] = ...) -> None: ...

class GetGroupRequest(_message.Message):
    __slots__ = ("group_id",)
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    def __init__(self, group_id: _Optional[str] = ...) -> None: ...

class GetGroupResponse(_message.Message):
    __slots__ = ("group",)
    GROUP_FIELD_NUMBER: _ClassVar[int]
    group: Group
    def __init__(self, group: _Optional[_Union[Group, _Mapping]] = ...) -> None: ...

class WatchGroupRequest(_message.Message):
    __slots__ = ("group_id",)
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    def __init__(self, group_id: _Optional[str] = ...) -> None: ...

class WatchGroupResponse(_message.Message):
    __slots__ = ("group",)
    GROUP_FIELD_NUMBER: _ClassVar[int]
    group: Group
    def __init__(self, group: _Optional[_Union[Group, _Mapping]] = ...) -> None: ...

class CancelGroupRequest(_message.Message):
    __slots__ = ("group_id",)
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    def __init__(self, group_id: _Optional[str] = ...) -> None: ...

class CancelGroupResponse(_message.Message):
    __slots__ = ("group",)
    GROUP_FIELD_NUMBER: _ClassVar[int]
    group: Group
    def __init__(self, group: _Optional[_Union[Group, _Mapping]] = ...) -> None: ...
