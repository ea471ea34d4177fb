"""Quarantine: the records of a run that make no objects, kept with all their reasons, and the budget for them.

The count of a run is exact; what is kept of the records is bounded per page and in all.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import longshore
from import_worker.config import ImportConfig
from import_worker.config.resources import Resource
from import_worker.flow.events import Chunk
from import_worker.flow.step import Flow
from import_worker.flow.view import NoSuchImport
from import_worker.ports import Page
from import_worker.runs import entries
from import_worker.runs.entries import Lane
from import_worker.runs.lanes import page_id
from import_worker.runs.run import Failure, Run
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


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """The records of a page that make no objects.

    Attributes:
        import_id: of the run.
        resource: that is read.
        lane: as it was before the page.
        page: that they stand in.
        records: why each of them is rejected.
        hide: takes the secrets of the source out of a text.
    """

    import_id: str
    resource: Resource
    lane: Lane
    page: Page
    records: Sequence[Quarantined]
    hide: Callable[[str], str]

    def put(self, tx: longshore.Transaction) -> None:
        """Keep what the bounds allow of them."""
        number = page_id(self.resource, self.lane)
        left = MAX_PAGE_BYTES
        for each in self.records[: min(MAX_KEPT_PER_PAGE, max(0, MAX_KEPT_PER_LANE - self.lane.quarantined))]:
            value = self._entry(each)
            left -= len(json.dumps(value))
            if left < 0:
                return
            key = entries.quarantine_key(self.import_id, self.resource.name, number, each.record)
            tx.set(key, value, expire_after=entries.LANE_SECONDS)

    def _entry(self, rejected: Quarantined) -> dict[str, Any]:
        record = self.hide(json.dumps(self.page.records[rejected.record], default=str))
        more = len(rejected.reasons) - MAX_REASONS
        reasons = [*rejected.reasons[:MAX_REASONS], *([f"and {more} more"] if more > 0 else [])]
        return {
            "url": self.page.url,
            "identity": self.hide(rejected.identity or ""),
            "reasons": [self.hide(reason) for reason in reasons],
            "record": record if len(record) <= MAX_RECORD_BYTES else "",
        }

    def failure(self, budget: int) -> Failure:
        """The failure of a run that may not have so many of them."""
        named = "; ".join(
            f"{each.identity or f'record {each.record}'}: {each.reasons[0]}" for each in self.records[:_NAMED]
        )
        allowed = f", and quarantine.max_total allows {budget} in all" if budget else ""
        return Failure(
            reason="QUARANTINED",
            message=f"{len(self.records)} of {len(self.page.records)} records of {self.page.url} could not be "
            f"transformed{allowed}: {self.hide(named)}. Mend the records or the mapping, then start again",
        )


async def within_budget(flow: Flow, run: Run, config: ImportConfig, more: int) -> bool:
    """Whether a run may quarantine so many more records. What several lanes find at once is judged at the end."""
    budget = config.quarantine.max_total
    if more > budget:
        return False
    lanes = await flow.ledger.lanes(run, config)
    return sum(lane.quarantined for lane in lanes) + more <= budget


def put_refused(tx: longshore.Transaction, chunk: Chunk, identity: str, reason: str) -> None:
    """Keep that the destination took no chunk of a single object."""
    digest = int.from_bytes(hashlib.sha256(chunk.body).digest()[:4])
    key = entries.quarantine_key(chunk.ask.import_id, chunk.ask.resource, chunk.ask.page, f"0.{chunk.part}.{digest}")
    value = {"url": "", "identity": identity, "reasons": [reason], "record": ""}
    tx.set(key, value, expire_after=entries.LANE_SECONDS)


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
