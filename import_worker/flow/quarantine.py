"""Quarantine: the records of a run that make no objects, kept with all their reasons, and the budget for them.

The count of a run is exact; what is kept of the records is bounded per page and in all.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from import_worker.config import ImportConfig
from import_worker.flow import entries
from import_worker.flow.entries import Lane
from import_worker.flow.run import Failure
from import_worker.flow.step import Flow
from import_worker.flow.view import NoSuchImport
from import_worker.ports import Record
from import_worker.transform.mapper import Quarantined

MAX_KEPT_PER_PAGE = 50
"""Quarantined records of one page that are kept: a Commit holds 100 entry operations."""
MAX_KEPT_PER_LANE = 1_000
MAX_PAGE_BYTES = 512 * 1024
"""Of all that is kept of one page: it travels in one Commit with the page's chunks."""
MAX_RECORD_BYTES = 16 * 1024
"""Larger records are kept without their content."""
MAX_REASONS = 100
MAX_LISTED_BYTES = 1024 * 1024
"""Of one answer; a page of the list ends early where it would be more."""
_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class KeptRecord:
    """A record in quarantine.

    Attributes:
        resource: it was read from.
        page: of the resource.
        position: in the page. For a single object that was too large for the destination: 0.
        url: of the page. Empty: not known.
        identity: what it is called, where that is known.
        reasons: all of them.
        record: as JSON text. Empty: too large to be kept.
    """

    resource: str
    page: int
    position: int
    url: str
    identity: str
    reasons: tuple[str, ...]
    record: str


def failure_beyond(config: ImportConfig, before: int, quarantined: Sequence[Quarantined], where: str) -> Failure | None:
    """The failure of a run whose budget is exceeded. None: it goes on.

    Args:
        config: with the budget.
        before: records that were quarantined before, over all lanes.
        quarantined: records that are now.
        where: they come from, such as "4 records of http://...".
    """
    budget = config.quarantine.max_total
    if before + len(quarantined) <= budget:
        return None
    named = "; ".join(f"{each.identity or f'record {each.record}'}: {each.reasons[0]}" for each in quarantined[:_NAMED])
    allowed = f", and quarantine.max_total allows {budget} in all" if budget else ""
    return Failure(
        reason="QUARANTINED",
        message=f"{len(quarantined)} of {where} could not be transformed{allowed}: {named}. "
        "Mend the records or the mapping, then start again",
    )


def kept_entries(
    quarantined: Sequence[Quarantined],
    records: Sequence[Record],
    *,
    url: str,
    hide: Callable[[str], str],
    lane: Lane,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """What is kept of the quarantined records of a page, by position; no more than the bounds allow.

    Args:
        quarantined: of the page.
        records: all of the page.
        url: of the page.
        hide: takes the secrets of the source out of a text.
        lane: as it was before the page.
    """
    left = MAX_PAGE_BYTES
    for each in quarantined[: min(MAX_KEPT_PER_PAGE, max(0, MAX_KEPT_PER_LANE - lane.quarantined))]:
        text = hide(json.dumps(records[each.record], default=str))
        more = len(each.reasons) - MAX_REASONS
        reasons = [*each.reasons[:MAX_REASONS], *([f"and {more} more"] if more > 0 else [])]
        value = {
            "url": url,
            "identity": hide(each.identity or ""),
            "reasons": [hide(reason) for reason in reasons],
            "record": text if len(text) <= MAX_RECORD_BYTES else "",
        }
        left -= len(json.dumps(value))
        if left < 0:
            return
        yield each.record, value


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A page of quarantined records, and the key to go on after. Empty: this was the last page."""

    records: tuple[KeptRecord, ...]
    next_key: str


async def list_quarantine(flow: Flow, import_id: str, *, size: int, after: str) -> Listed:
    """Quarantined records of a run, in the order of resources and pages.

    Args:
        flow: what every step works with.
        import_id: of the run.
        size: at most so many.
        after: the key to go on after. Empty: from the beginning.

    Raises:
        NoSuchImport: there is none.
    """
    if await flow.ledger.run(import_id) is None:
        raise NoSuchImport(import_id)
    prefix = entries.quarantine_prefix(import_id)
    keys = [entry.key async for entry in flow.client.kv.list(prefix, keys_only=True)]
    keys.sort(key=entries.quarantine_place)
    begin = 0 if not after else sum(entries.quarantine_place(key) <= entries.quarantine_place(after) for key in keys)
    asked = keys[begin : begin + size]
    values = await flow.client.kv.get_many(asked)
    records: list[KeptRecord] = []
    last, left = "", MAX_LISTED_BYTES
    for key in asked:
        if key in values:
            left -= len(json.dumps(values[key]))
            if left < 0 and records:
                break
            records.append(_kept(key, values[key]))
        last = key
    return Listed(records=tuple(records), next_key="" if keys[-1:] == [last] or not last else last)


def _kept(key: str, value: dict[str, Any]) -> KeptRecord:
    resource, page, position = entries.quarantine_place(key)
    return KeptRecord(
        resource=resource,
        page=page,
        position=position[0],
        url=value["url"],
        identity=value["identity"],
        reasons=tuple(value["reasons"]),
        record=value["record"],
    )
