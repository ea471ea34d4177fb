"""Runs of imports as the import worker reports them: state, progress, failure.

Values only; imports.py asks for them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from longshore.times import instant, instant_or_none
from longshore.v1 import import_service_pb2


class ImportState(StrEnum):
    """Where a run stands."""

    UNSPECIFIED = "UNSPECIFIED"
    QUEUED = "QUEUED"
    STARTING = "STARTING"
    WAITING_FOR_ASSETS = "WAITING_FOR_ASSETS"
    READING = "READING"
    COMPLETING = "COMPLETING"
    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    SUCCEEDED_WITH_ERRORS = "SUCCEEDED_WITH_ERRORS"
    SUSPENDED = "SUSPENDED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    FAILING = "FAILING"
    FAILED = "FAILED"

    @property
    def terminal(self) -> bool:
        """Whether the run has ended."""
        return self in _TERMINAL


class ImportMode(StrEnum):
    """How much of the source a run carries over."""

    UNSPECIFIED = "UNSPECIFIED"
    FULL = "FULL"
    INCREMENTAL = "INCREMENTAL"
    REHEARSAL = "REHEARSAL"


_TERMINAL = frozenset(
    {ImportState.SUCCEEDED, ImportState.SUCCEEDED_WITH_ERRORS, ImportState.CANCELLED, ImportState.FAILED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFailure:
    """Why a run failed.

    Attributes:
        reason: a short name, such as "SOURCE_ERROR".
        message: what happened, where, and what to do.
    """

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedEffects:
    """What completing a run would do to the objects of one type, against the last good run.

    Attributes:
        created: identities that the last good run did not have.
        updated: identities of which an attribute changed.
        missing: identities that only the last good run had; removed where the import source is set up to do so.
        estimated: whether there were too many objects to compare each of them.
    """

    created: int
    updated: int
    missing: int
    estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectTypeProgress:
    """Counts of one object type; None where Assets has not reported.

    Attributes:
        object_type: its name in the configuration.
        objects: read and mapped in this run.
        created: as Assets reported at the end.
        updated: as Assets reported at the end.
        identical: as Assets reported at the end.
        removed: because they were missing from the import.
        expected: effects of completing. None: not known yet, or there was no good run before.
    """

    object_type: str
    objects: int
    created: int | None
    updated: int | None
    identical: int | None
    removed: int | None
    expected: ExpectedEffects | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """What a run has done.

    Attributes:
        pages_read: from the source.
        records_read: from the source.
        objects_submitted: to Assets, counted by whole chunks.
        chunks: made so far.
        chunks_submitted: to Assets.
        quarantined: records that could not be transformed.
        object_types: one for each type of the configuration.
        records_expected: in all, where every resource states a total. None: not known.
    """

    pages_read: int
    records_read: int
    objects_submitted: int
    chunks: int
    chunks_submitted: int
    quarantined: int
    object_types: tuple[ObjectTypeProgress, ...]
    records_expected: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One run of a configured import; times are in UTC.

    Attributes:
        import_id: of the run, a UUID.
        name: of the configured import.
        state: where it stands.
        run_number: executions it needed: 1, and one more each time an execution vanished.
        progress: so far.
        failure: of a run that failed, or the first error of one that succeeded with errors.
        throttled_until: when the source or Assets takes the next request. None: now.
        create_time: when it was started.
        update_time: when its state last changed.
        end_time: when it ended. None: it has not.
        group_id: of its jobs in the queue service.
        mode: how much of the source it carries over.
        accept_shrink: whether the user allowed it to have fewer objects than the last good one.
        suspended_until: when the execution of a suspended run is given up. None: it is not suspended.
        allowed_empty: object types for which its configuration allows an empty set.
    """

    import_id: str
    name: str
    state: ImportState
    run_number: int
    progress: ImportProgress
    failure: ImportFailure | None
    throttled_until: datetime | None
    create_time: datetime
    update_time: datetime
    end_time: datetime | None
    group_id: str
    mode: ImportMode
    accept_shrink: bool
    suspended_until: datetime | None
    allowed_empty: tuple[str, ...]


_STATES = {
    number: ImportState(name.removeprefix("IMPORT_STATE_")) for name, number in import_service_pb2.ImportState.items()
}
_MODES = {
    number: ImportMode(name.removeprefix("IMPORT_MODE_")) for name, number in import_service_pb2.ImportMode.items()
}


def read_run(run: import_service_pb2.Import) -> Import:
    """The run of a message."""
    return Import(
        import_id=run.import_id,
        name=run.name,
        state=_STATES.get(run.state, ImportState.UNSPECIFIED),
        run_number=run.run_number,
        progress=_progress(run.progress),
        failure=ImportFailure(reason=run.failure.reason, message=run.failure.message)
        if run.HasField("failure")
        else None,
        throttled_until=instant_or_none(run, "throttled_until"),
        create_time=instant(run.create_time),
        update_time=instant(run.update_time),
        end_time=instant_or_none(run, "end_time"),
        group_id=run.group_id,
        mode=_MODES.get(run.mode, ImportMode.UNSPECIFIED),
        accept_shrink=run.accept_shrink,
        suspended_until=instant_or_none(run, "suspended_until"),
        allowed_empty=tuple(run.allowed_empty),
    )


def _progress(progress: import_service_pb2.ImportProgress) -> ImportProgress:
    return ImportProgress(
        pages_read=progress.pages_read,
        records_read=progress.records_read,
        objects_submitted=progress.objects_submitted,
        chunks=progress.chunks,
        chunks_submitted=progress.chunks_submitted,
        quarantined=progress.quarantined,
        object_types=tuple(_type_progress(counts) for counts in progress.object_types),
        records_expected=progress.records_expected if progress.HasField("records_expected") else None,
    )


def _type_progress(counts: import_service_pb2.ObjectTypeProgress) -> ObjectTypeProgress:
    expected = counts.expected
    return ObjectTypeProgress(
        object_type=counts.object_type,
        objects=counts.objects,
        created=counts.created if counts.HasField("created") else None,
        updated=counts.updated if counts.HasField("updated") else None,
        identical=counts.identical if counts.HasField("identical") else None,
        removed=counts.removed if counts.HasField("removed") else None,
        expected=ExpectedEffects(
            created=expected.created,
            updated=expected.updated,
            missing=expected.missing,
            estimated=expected.estimated,
        )
        if counts.HasField("expected")
        else None,
    )
