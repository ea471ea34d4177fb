"""Imports as messages of the contract."""

from google.protobuf.timestamp_pb2 import Timestamp

from import_worker.flow.view import ImportView, TypeView
from import_worker.runs.run import Effects, State
from longshore.v1 import import_service_pb2 as pb


def import_message(view: ImportView) -> pb.Import:
    """The import on the wire."""
    run = view.run
    failure = run.failure
    return pb.Import(
        import_id=run.import_id,
        name=run.name,
        state=f"IMPORT_STATE_{run.state}",
        run_number=run.number,
        progress=pb.ImportProgress(
            pages_read=view.pages_read,
            records_read=view.records_read,
            records_expected=view.records_expected,
            objects_submitted=view.objects_submitted,
            chunks=view.chunks,
            chunks_submitted=view.chunks_submitted,
            quarantined=view.quarantined,
            object_types=[_type_message(each) for each in view.types],
        ),
        failure=None if failure is None else pb.ImportFailure(reason=failure.reason, message=failure.message),
        throttled_until=_instant(view.throttled_until),
        create_time=_instant(run.create_time),
        update_time=_instant(run.update_time),
        end_time=_instant(run.end_time),
        group_id=run.group_id,
        mode=f"IMPORT_MODE_{run.mode}",
        accept_shrink=run.accept_shrink,
        suspended_until=_instant(run.suspended_until) if run.state is State.SUSPENDED else None,
        allowed_empty=view.allowed_empty,
    )


def _type_message(view: TypeView) -> pb.ObjectTypeProgress:
    outcome = view.outcome
    return pb.ObjectTypeProgress(
        object_type=view.name,
        expected=_effects_message(view.expected),
        objects=view.objects,
        created=outcome.created,
        updated=outcome.updated,
        identical=outcome.identical,
        removed=outcome.removed,
    )


def _effects_message(effects: Effects | None) -> pb.ExpectedEffects | None:
    if effects is None:
        return None
    return pb.ExpectedEffects(
        created=effects.created, updated=effects.updated, missing=effects.missing, estimated=effects.estimated
    )


def _instant(seconds: float | None) -> Timestamp | None:
    if seconds is None:
        return None
    instant = Timestamp()
    instant.FromMilliseconds(round(seconds * 1000))
    return instant
