"""What people ask before and after a run: the check, the preview, and another try of quarantined records.

Owns the opening and closing of what these need; the configuration is always the one of now.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from import_worker.config import ImportConfig
from import_worker.flow.benches import Bench
from import_worker.flow.quarantine import KeptRecord
from import_worker.preview.check import Connection, check
from import_worker.preview.preview import Preview, preview
from import_worker.preview.records import ShownRecord, show


@dataclass(frozen=True, kw_only=True)
class Look:
    """Looks at imports without running them.

    Attributes:
        open: opens the adapters of an import that ask once and wait for nothing.
    """

    open: Callable[[ImportConfig], Bench]

    async def check(self, config: ImportConfig) -> list[Connection]:
        """See check. Raises Permanent where a secret has no value."""
        async with self._bench(config) as bench:
            return await check(bench)

    async def preview(self, config: ImportConfig, resource: str, wanted: int) -> Preview:
        """See preview."""
        async with self._bench(config) as bench:
            return await preview(bench, resource, wanted)

    async def again(self, config: ImportConfig, kept: Sequence[KeptRecord]) -> list[ShownRecord]:
        """What would become of quarantined records now, in their order. Nothing is read and nothing is sent."""
        return await asyncio.to_thread(lambda: [_again(config, each) for each in kept])

    @asynccontextmanager
    async def _bench(self, config: ImportConfig) -> AsyncIterator[Bench]:
        bench = self.open(config)
        try:
            yield bench
        finally:
            await bench.close()


def _again(config: ImportConfig, kept: KeptRecord) -> ShownRecord:
    if not kept.record:
        return _impossible(kept, "its content was not kept, so it cannot be tried again")
    if kept.resource not in {resource.name for resource in config.resources}:
        return _impossible(kept, f"the configuration has no resource {kept.resource!r} any more")
    # Secrets were hidden before it was kept.
    return show(config, kept.resource, [json.loads(kept.record)], str).records[0]


def _impossible(kept: KeptRecord, reason: str) -> ShownRecord:
    return ShownRecord(record=kept.record, objects=(), reasons=(reason,), filtered=False)
