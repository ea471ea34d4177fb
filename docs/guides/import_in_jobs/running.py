"""What both ways share: connect to the broker and to Assets, start, and work until Assets has ended the import.

LONGSHORE_ADDRESS, ASSETS_INFO_URL and ASSETS_TOKEN say where these are; without them, on this machine.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import longshore
from assets import Assets, Links, open_assets

LOOK_SECONDS = 0.5


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[longshore.Client, Assets]]:
    """The broker and Assets."""
    address = os.environ.get("LONGSHORE_ADDRESS", "127.0.0.1:50051")
    async with longshore.connect(address, patience=5) as client, open_assets() as assets:
        yield client, assets


async def run_import(
    start: Callable[[longshore.Client, Assets], Coroutine[Any, Any, Links]],
    work: Callable[[longshore.Client, Assets], Coroutine[Any, Any, None]],
) -> None:
    """Start an import, work on its jobs in this process, and tell how it ended."""
    async with connected() as (client, assets), asyncio.TaskGroup() as tasks:
        execution = await start(client, assets)
        working = tasks.create_task(work(client, assets))
        while (found := await assets.status(execution))["status"] not in {"DONE", "CANCELLED"}:  # noqa: ASYNC110  Assets has to be asked
            await asyncio.sleep(LOOK_SECONDS)
        working.cancel()
    print(f"Assets: {found['status']}")
    for result in ((found["progressResult"] or {}).get("objectTypeResultMap") or {}).values():
        print(f"{result['objectTypeName']}: {result['objectsCreated']} created, {result['objectsIdentical']} identical")
