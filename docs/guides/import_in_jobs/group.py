"""Divides an import into jobs, the shorter way: a group knows its jobs, and pushes the completion when all have ended.

The guide is ../import_in_jobs.md. Run it beside `longshore serve` and `longshore sandbox`.
"""

import asyncio
from functools import partial

import longshore
import running
import source
from assets import Assets, Links

PAGES = "import-pages"
CHUNKS = "import-chunks"
COMPLETION = "import-completion"


async def start(client: longshore.Client, assets: Assets) -> Links:
    """Open an execution in Assets and a group of jobs, and push the first page into it."""
    run, execution = longshore.new_id(), await assets.start()
    body = {"run": run, "execution": execution}
    group = await client.group(run, on_complete=(COMPLETION, body)).create()
    await client.queue(PAGES).push({**body, "page": 1}, group=group, seal_group=True)
    return execution


async def on_page(event: longshore.Event) -> None:
    """Read a page. Then, in one step: push its chunk and the next page, and be done."""
    page = await source.read_page(event.body["page"])
    async with event.commit() as tx:
        tx.push(CHUNKS, {**event.body, "rows": page.rows})
        if page.next is not None:
            tx.push(PAGES, {**event.body, "page": page.next})


async def on_chunk(assets: Assets, event: longshore.Event) -> None:
    """Submit the rows of a page."""
    chunk = event.body
    await assets.submit(chunk["execution"], chunk["rows"], f"{chunk['run']}/{chunk['page']}")


async def on_completion(assets: Assets, event: longshore.Event) -> None:
    """All pages were read and all chunks have ended: complete when every one of them succeeded, else give up."""
    if event.attributes["longshore.group_result"] == longshore.GroupResult.SUCCEEDED:
        await assets.complete(event.body["execution"])
    else:
        await assets.cancel(event.body["execution"])


async def work(client: longshore.Client, assets: Assets) -> None:
    """Work on the three queues until cancelled; any number of processes may."""
    handlers: dict[str, longshore.Handler] = {
        PAGES: on_page,
        CHUNKS: partial(on_chunk, assets),
        COMPLETION: partial(on_completion, assets),
    }
    await client.consume(list(handlers), lambda event: handlers[event.queue](event), concurrency=8)


if __name__ == "__main__":
    asyncio.run(running.run_import(start, work))
