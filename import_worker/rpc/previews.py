"""Checks, previews and quarantined records as messages of the contract."""

from import_worker.flow.quarantine import KeptRecord
from import_worker.preview.check import Connection
from import_worker.preview.preview import Preview
from import_worker.preview.records import ShownRecord
from longshore.v1 import import_service_pb2 as pb


def check_message(connections: list[Connection]) -> pb.CheckImportResponse:
    """What a check found, on the wire."""
    return pb.CheckImportResponse(
        checks=[pb.ConnectionCheck(subject=each.subject, ok=each.ok, message=each.message) for each in connections]
    )


def preview_message(found: Preview) -> pb.PreviewImportResponse:
    """A preview on the wire."""
    return pb.PreviewImportResponse(
        url=found.url,
        pagination=found.pagination,
        records=[_record_message(each) for each in found.records],
        chunks=found.chunks,
        truncated=found.truncated,
    )


def quarantined_message(kept: KeptRecord, retried: ShownRecord | None) -> pb.QuarantinedRecord:
    """A quarantined record on the wire, with what became of it now."""
    return pb.QuarantinedRecord(
        resource=kept.resource,
        page=kept.page,
        position=kept.position,
        url=kept.url,
        identity=kept.identity,
        reasons=kept.reasons,
        record=kept.record,
        retried=None if retried is None else _record_message(retried),
    )


def _record_message(shown: ShownRecord) -> pb.PreviewRecord:
    return pb.PreviewRecord(
        record=shown.record,
        objects=[pb.PreviewObject(object_type=each.object_type, object=each.text) for each in shown.objects],
        reasons=shown.reasons,
        filtered=shown.filtered,
    )
