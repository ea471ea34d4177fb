"""What Assets says about an execution, read into an ExecutionStatus.

Its counts are checked against each other: an entry that is neither written nor explained is an error.
"""

from collections.abc import Mapping
from typing import Any

from import_worker.errors import DestinationBroken
from import_worker.ports import ExecutionStatus, TypeOutcome

STATES = frozenset({"INGESTING", "PROCESSING", "DONE", "CANCELLED"})
MAX_ERRORS = 20
_GOOD_RESULTS = frozenset({"OK", "SUCCESS", ""})

_EXPLAINED = (
    "objectsCreated",
    "objectsUpdated",
    "objectsIdentical",
    "duplicateEnries",  # as Assets spells it
    "objectsFilteredWithQlQuery",
)


def read_status(document: Mapping[str, Any]) -> ExecutionStatus:
    """Read the answer to a status request.

    Raises:
        DestinationBroken: the state is none that is known.
    """
    state = document.get("status")
    if state not in STATES:
        raise DestinationBroken(f"Assets reports the unknown execution status {state!r}")
    if state != "DONE":
        return ExecutionStatus(state=state, outcomes={})
    result = document.get("progressResult")
    report: Mapping[str, Any] = result if isinstance(result, dict) else {}
    types = report.get("objectTypeResultMap")
    found = [each for each in types.values() if isinstance(each, dict)] if isinstance(types, dict) else []
    return ExecutionStatus(
        state=state,
        outcomes={str(each.get("objectTypeName")): _outcome(each) for each in found},
        errors=(*_verdict(report), *_errors(report.get("errorMessages"))),
    )


def _verdict(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Assets has no state for an import that failed: it is DONE, with another result than OK."""
    result = report.get("result")
    if not isinstance(result, str) or result.upper() in _GOOD_RESULTS:
        return ()
    info = report.get("infoMessage")
    return (f"the result is {result}{f': {info}' if info else ''}",)


def _outcome(result: Mapping[str, Any]) -> TypeOutcome:
    return TypeOutcome(
        created=_count(result, "objectsCreated"),
        updated=_count(result, "objectsUpdated"),
        identical=_count(result, "objectsIdentical"),
        removed=_count(result, "objectsMissingDeleted"),
        errors=(*_errors(result.get("errorMessages")), *_unexplained(result)),
    )


def _unexplained(result: Mapping[str, Any]) -> tuple[str, ...]:
    entries = _count(result, "entriesInSource")
    if entries is None:
        return ()
    missing = entries - sum(_count(result, name) or 0 for name in _EXPLAINED)
    return (f"{missing} of {entries} entries were not written",) if missing > 0 else ()


def _count(result: Mapping[str, Any], name: str) -> int | None:
    count = result.get(name)
    return count if isinstance(count, int) else None


def _errors(messages: Any) -> tuple[str, ...]:
    """Messages in whatever shape: Assets documents none."""
    if isinstance(messages, dict):
        messages = [f"{key}: {value}" for key, value in messages.items()]
    if isinstance(messages, str):
        messages = [messages] if messages else []
    return tuple(str(message) for message in messages[:MAX_ERRORS]) if isinstance(messages, list) else ()
