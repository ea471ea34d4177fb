"""What processing reports: counts and messages by object type, and the JSON of it as Assets spells it.

The misspelt `duplicateEnries` is the name in the real API.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

MAX_MESSAGES = 100
_TIMINGS = (
    "readExternalData",
    "mapExternalData",
    "qlQueryFiltering",
    "decidingActions",
    "writeInsightData",
    "postFunction",
    "execution",
)


@dataclass(kw_only=True)
class TypeReport:
    """What processing did to the objects of one type.

    created + updated + identical + skipped entries + repeated entries = entries that came.

    Attributes:
        created, updated, identical, removed: numbers of objects.
        with_updated_references: those of the updated ones whose references changed.
        entries: entries that came, repeated ones included.
        duplicates: entries with the identity of an earlier one; the last one counts.
        empty_labels: entries that were skipped because they had no label.
        empty_identities: entries that were skipped because a part of their identity was empty.
        errors: messages for people, at most MAX_MESSAGES.
        unreported: how many more there were.
    """

    created: int = 0
    updated: int = 0
    identical: int = 0
    removed: int = 0
    with_updated_references: int = 0
    entries: int = 0
    duplicates: int = 0
    empty_labels: int = 0
    empty_identities: int = 0
    errors: list[str] = field(default_factory=list)
    unreported: int = 0

    def error(self, message: str) -> None:
        """Note what went wrong."""
        if len(self.errors) < MAX_MESSAGES:
            self.errors.append(message)
        else:
            self.unreported += 1

    def messages(self) -> list[str]:
        """The errors, and how many there were beyond the bound."""
        return [*self.errors, f"and {self.unreported} more"] if self.unreported else list(self.errors)


@dataclass(frozen=True, kw_only=True)
class ProcessingRecord:
    """What is known about a finished execution beside its reports.

    Attributes:
        execution_id, import_source_id: of the execution.
        started, processing, ended: seconds since the epoch: start, end of ingestion, end.
        type_ids: name of a mapped object type -> its id.
    """

    execution_id: str
    import_source_id: str
    started: float
    processing: float
    ended: float
    type_ids: Mapping[str, str]


def moment(seconds: float) -> str:
    """A time as Assets writes it."""
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def progress_result(record: ProcessingRecord, reports: Mapping[str, TypeReport]) -> dict[str, object]:
    """The `progressResult` of a DONE execution."""
    total = sum(report.entries for report in reports.values())
    return {
        "type": "IMPORT",
        "id": record.execution_id,
        "started": moment(record.started),
        "ended": moment(record.ended),
        "objectSchemaId": "1",
        "result": "OK",
        "status": "FINISHED",
        "infoMessage": f"{total} entries were read" if total else "No data to import",
        "jobId": record.execution_id,
        "importSourceId": record.import_source_id,
        "populatedObjectTypes": [record.type_ids[name] for name, report in reports.items() if report.entries],
        "onlyExecutedForObjectTypes": [],
        "objectTypeResultMap": {
            record.type_ids[name]: _type_result(record, name, report) for name, report in reports.items()
        },
        "errorMessages": [],
        "totalNumberEntriesInImport": total,
    }


def _type_result(record: ProcessingRecord, name: str, report: TypeReport) -> dict[str, object]:
    elapsed = round((record.ended - record.processing) * 1_000)
    return {
        "objectTypeName": name,
        "objectTypeId": record.type_ids[name],
        "objectsCreated": report.created,
        "objectsUpdated": report.updated,
        "objectsIdentical": report.identical,
        "objectsMissingUpdated": 0,
        "objectsMissingDeleted": report.removed,
        "objectsWithUpdatedReferences": report.with_updated_references,
        "entriesInSource": report.entries,
        "duplicateEnries": report.duplicates,
        "emptyLabelEntries": report.empty_labels,
        "emptyExternalIdEntries": report.empty_identities,
        "objectsFilteredWithQlQuery": 0,
        "errorMessages": report.messages(),
        # Types are processed together, so only the whole is measured.
        **{f"{phase}TimeInMs": elapsed if phase == "execution" else 0 for phase in _TIMINGS},
    }
