"""Divides an import into jobs, the tutorial's way: a chain of pages, tracked jobs, a listener that asks for them.

The guide is ../import_in_jobs.md. Run it beside `longshore serve` and `longshore sandbox`.
"""

import asyncio
import uuid
from datetime import timedelta
from functools import partial

import longshore
import running
import source
from assets import Assets, Links

PAGES = "import-pages"
COMPLETION = "import-completion"
LOOK_AFTER = 1.0  # seconds between two looks at the jobs
KEEP = timedelta(days=7)  # as long as the broker keeps the jobs


async def start(client: longshore.Client, assets: Assets) -> Links:
    """Open an execution in Assets, and push the job of the first page."""
    run, execution = longshore.new_id(), await assets.start()
    async with client.commit() as tx:
        push_page(tx, run, execution, 1)
    return execution


def push_page(tx: longshore.Transaction, run: str, execution: Links, number: int) -> None:
    """Push the job of a page and track it: both happen, or neither."""
    job = tx.push(PAGES, {"run": run, "execution": execution, "page": number}, job_id=job_id(run, number))
    tx.set(f"import/{run}/job/{number:06}", job.job_id, expire_after=KEEP)


def job_id(run: str, part: object) -> str:
    """The id of the job for a part of the run. It is the same in every attempt: a repeated push makes no second job."""
    return str(uuid.uuid5(uuid.UUID(run), str(part)))


async def on_page(client: longshore.Client, assets: Assets, event: longshore.Event) -> None:
    """Read a page, push what comes after it, and submit its rows."""
    run, execution, number = event.body["run"], event.body["execution"], event.body["page"]
    page = await source.read_page(number)
    async with client.commit() as tx:
        if page.next is not None:
            push_page(tx, run, execution, page.next)
        else:
            body = {"run": run, "execution": execution}
            tx.push(COMPLETION, body, delay=LOOK_AFTER, job_id=job_id(run, "completion"))
    await assets.submit(execution, page.rows, f"{run}/{number}")


async def on_completion(client: longshore.Client, assets: Assets, event: longshore.Event) -> None:
    """Look at every tracked job: come back while one is in progress, complete when all succeeded, else give up."""
    run, execution = event.body["run"], event.body["execution"]
    tracked = [entry.value async for entry in client.kv.list(f"import/{run}/job/")]
    stats = (await client.job_stats(tracked)).values()
    if any(job.in_progress for job in stats):
        async with event.commit() as tx:
            tx.push(COMPLETION, event.body, delay=LOOK_AFTER)
    elif sum(job.success for job in stats) == len(tracked):
        await assets.complete(execution)
    else:
        await assets.cancel(execution)


async def work(client: longshore.Client, assets: Assets) -> None:
    """Work on both queues until cancelled; any number of processes may."""
    handlers = {PAGES: partial(on_page, client, assets), COMPLETION: partial(on_completion, client, assets)}
    await client.consume(list(handlers), lambda event: handlers[event.queue](event), concurrency=8)


if __name__ == "__main__":
    asyncio.run(running.run_import(start, work))
