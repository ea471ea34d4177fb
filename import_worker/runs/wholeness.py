"""Whether the set that was submitted is whole: the question before the point of no return.

Pure. Where the destination removes what an import no longer has, a set that is not whole would delete real objects.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from import_worker.config import ImportConfig
from import_worker.runs.entries import Lane
from import_worker.runs.lanes import faults_of_reading, unfinished
from import_worker.runs.run import Failure, Mode


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the judgement rests on.

    Attributes:
        config: the frozen configuration.
        lanes: every lane that the run has an entry of.
        failed: steps that ended as dead letters.
        cancelled: steps that were cancelled.
        unsettled: steps that have not ended.
        baseline: object counts of the last good run; empty when there was none.
        mode: how much of the source the run carries over.
        accept_shrink: whether the user allowed fewer objects than it had.
    """

    config: ImportConfig
    lanes: Sequence[Lane]
    failed: int
    cancelled: int
    unsettled: int
    baseline: Mapping[str, int]
    mode: Mode = Mode.FULL
    accept_shrink: bool = False


def total_objects(lanes: Iterable[Lane]) -> dict[str, int]:
    """Objects of all lanes, by object type."""
    totals: dict[str, int] = {}
    for lane in lanes:
        for name, count in lane.objects.items():
            totals[name] = totals.get(name, 0) + count
    return totals


def fault_of(evidence: Evidence) -> Failure | None:
    """Why the set is not whole. None: it is whole."""
    return next((fault for check in _CHECKS if (fault := check(evidence)) is not None), None)


def _steps_succeeded(evidence: Evidence) -> Failure | None:
    if evidence.failed == evidence.cancelled == evidence.unsettled == 0:
        return None
    return Failure(
        reason="STEP_FAILED",
        message=f"{evidence.failed} steps of the run ended as dead letters, {evidence.cancelled} were cancelled and "
        f"{evidence.unsettled} did not end, so pages or chunks are missing: the broker keeps the reason of each dead "
        "letter; mend that and start again",
    )


def _lanes_ended(evidence: Evidence) -> Failure | None:
    missing = unfinished(evidence.config, evidence.lanes)
    if not missing:
        return None
    return Failure(
        reason="NOT_WHOLE",
        message=f"the pages of {', '.join(missing)} did not reach their end, although no step failed: start again",
    )


def _reading_agrees(evidence: Evidence) -> Failure | None:
    fault = next(faults_of_reading(evidence.config, evidence.lanes), None)
    return None if fault is None else Failure(reason="NOT_WHOLE", message=fault)


def _quarantine_within_budget(evidence: Evidence) -> Failure | None:
    quarantined = sum(lane.quarantined for lane in evidence.lanes)
    budget = evidence.config.quarantine.max_total
    if quarantined <= budget:
        return None
    return Failure(
        reason="QUARANTINED",
        message=f"{quarantined} records could not be transformed, and quarantine.max_total allows {budget}",
    )


def _nothing_emptied(evidence: Evidence) -> Failure | None:
    emptied = sorted({lane.resource for lane in evidence.lanes if lane.emptied})
    if not emptied or evidence.config.destination.missing_objects.policy == "ignore":
        return None
    return Failure(
        reason="NOT_WHOLE",
        message=f"an error rule took answers for empty pages of {', '.join(emptied)}, so whether there are records is "
        f"not known, and completing would let Assets remove their objects: set {evidence.config.destination_key}."
        "missing_objects to {policy: ignore}, or remove the rule",
    )


def _no_type_is_empty(evidence: Evidence) -> Failure | None:
    totals = total_objects(evidence.lanes)
    types = [] if evidence.mode is Mode.INCREMENTAL else evidence.config.destination.object_types
    empty = [kind.name for kind in types if not (kind.allow_empty or totals.get(kind.name))]
    filtered = sum(lane.filtered for lane in evidence.lanes)
    return empty_types(empty, filtered=filtered) if empty else None


def empty_types(names: Sequence[str], where: str = "the source", *, filtered: int = 0) -> Failure:
    """The failure of a run that has no objects of some types, and whose filters left out so many records."""
    left_out = f" ({filtered} were left out by a filter)" if filtered else ""
    return Failure(
        reason="EMPTY_SOURCE",
        message=f"{where} has no records{left_out} for {', '.join(names)}: completing would let Assets remove all of "
        "these objects. Check the address and the filters of the resource; if an empty set is right, declare "
        "allow_empty: true at the object type",
    )


def _enough_of_last_good(evidence: Evidence) -> Failure | None:
    destination = evidence.config.destination
    if destination.missing_objects.policy == "ignore" or evidence.accept_shrink:
        return None
    totals = total_objects(evidence.lanes)
    for kind in destination.object_types:
        count, before = totals.get(kind.name, 0), evidence.baseline.get(kind.name, 0)
        if count < destination.min_ratio_of_last_good * before and not (count == 0 and kind.allow_empty):
            return Failure(
                reason="TOO_FEW_OBJECTS",
                message=f"{kind.name} has {count} objects and had {before} in the last good run, which is less than "
                f"{destination.min_ratio_of_last_good:g} of it: completing would let Assets remove the others. If that "
                "is right, run the import with --accept-shrink",
            )
    return None


_CHECKS = (
    _steps_succeeded,
    _lanes_ended,
    _reading_agrees,
    _quarantine_within_budget,
    _nothing_emptied,
    _no_type_is_empty,
    _enough_of_last_good,
)
