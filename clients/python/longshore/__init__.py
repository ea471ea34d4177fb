"""Longshore: the Python client.

async with longshore.connect("localhost:50051") as client:
job = await client.queue("mail").push({"to": "ada@example.org"})
"""

from importlib.metadata import version

from longshore.channel import Options
from longshore.client import Client, connect
from longshore.commit import CommitResult, Transaction
from longshore.consumer import Handler
from longshore.errors import (
    AlreadyExists,
    ChainLimit,
    ConfigInvalid,
    DataLoss,
    DeadlineExceeded,
    DiskFull,
    EntryExists,
    EntryNotFound,
    EventNotFound,
    FailedPrecondition,
    GroupCancelled,
    GroupNotFound,
    GroupSealed,
    IdReused,
    ImportNotFound,
    Internal,
    InvalidRequest,
    JobNotFound,
    LeaseLost,
    LongshoreError,
    NotFound,
    PermissionDenied,
    QueueFull,
    QueueNotFound,
    RateLimited,
    RequestTooLarge,
    ResourceExhausted,
    ScheduleNotFound,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    VersionMismatch,
    Violation,
    WrongState,
)
from longshore.event import Event, Lineage, RetryContext
from longshore.groups import Group, GroupInfo, GroupResult, GroupState
from longshore.ids import new_id
from longshore.imports import Imports, StartedImport, connect_imports
from longshore.job import EventProgress, EventResult, Job, JobInfo, JobState, JobStats
from longshore.kv import Entry, Kv
from longshore.outcomes import Fail, Release, Retry, Success
from longshore.payloads import Json
from longshore.policies import Concurrency, Jitter, RetryPolicy
from longshore.previews import ConnectionCheck, Preview, PreviewObject, PreviewRecord, QuarantinedRecord
from longshore.pushes import NewEvent
from longshore.queue import Queue
from longshore.runs import (
    ExpectedEffects,
    Import,
    ImportFailure,
    ImportMode,
    ImportProgress,
    ImportState,
    ObjectTypeProgress,
)
from longshore.waits import backoff

__version__ = version("longshore")

__all__ = [
    "AlreadyExists",
    "ChainLimit",
    "Client",
    "CommitResult",
    "Concurrency",
    "ConfigInvalid",
    "ConnectionCheck",
    "DataLoss",
    "DeadlineExceeded",
    "DiskFull",
    "Entry",
    "EntryExists",
    "EntryNotFound",
    "Event",
    "EventNotFound",
    "EventProgress",
    "EventResult",
    "ExpectedEffects",
    "Fail",
    "FailedPrecondition",
    "Group",
    "GroupCancelled",
    "GroupInfo",
    "GroupNotFound",
    "GroupResult",
    "GroupSealed",
    "GroupState",
    "Handler",
    "IdReused",
    "Import",
    "ImportFailure",
    "ImportMode",
    "ImportNotFound",
    "ImportProgress",
    "ImportState",
    "Imports",
    "Internal",
    "InvalidRequest",
    "Jitter",
    "Job",
    "JobInfo",
    "JobNotFound",
    "JobState",
    "JobStats",
    "Json",
    "Kv",
    "LeaseLost",
    "Lineage",
    "LongshoreError",
    "NewEvent",
    "NotFound",
    "ObjectTypeProgress",
    "Options",
    "PermissionDenied",
    "Preview",
    "PreviewObject",
    "PreviewRecord",
    "QuarantinedRecord",
    "Queue",
    "QueueFull",
    "QueueNotFound",
    "RateLimited",
    "Release",
    "RequestTooLarge",
    "ResourceExhausted",
    "Retry",
    "RetryContext",
    "RetryPolicy",
    "ScheduleNotFound",
    "StartedImport",
    "Success",
    "Transaction",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "VersionMismatch",
    "Violation",
    "WrongState",
    "__version__",
    "backoff",
    "connect",
    "connect_imports",
    "new_id",
]
