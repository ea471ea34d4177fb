"""Writes an entry from a queue, within the rate that the store allows.

The guide is queue_storage.md. Run it beside `longshore serve --set limits.kv_writes_per_second=2`.
"""

import asyncio
import os
from datetime import UTC, datetime
from functools import partial

import longshore

QUEUE = "storage-async-queue"
KEY = "most-recent-issue-created"
AT_MOST_FOUR_RETRIES = longshore.RetryPolicy(max_attempts=5)
BASE = 0.5  # seconds before the first retry; doubled for each further one
JITTER = 0.5  # at most so many seconds more, by chance
REFUSALS = (longshore.RateLimited, longshore.EntryExists, longshore.VersionMismatch)


async def on_issue_created(queue: longshore.Queue, issue: dict[str, str]) -> longshore.Job:
    """Hand the write to the queue; the product that created the issue waits for nothing else."""
    return await queue.push(issue, delay=0.5, retry_policy=AT_MOST_FOUR_RETRIES)


async def write_entry(client: longshore.Client, event: longshore.Event) -> None:
    """Write the entry, unless a younger issue stands there. When the store refuses, come back later."""
    issue = event.body
    try:
        known = await client.kv.entry(KEY)
        if known is None or known.value["created"] < issue["created"]:
            await client.kv.set(KEY, issue, over=known)
    except REFUSALS as refusal:
        wait = longshore.backoff(event, base=BASE, jitter=JITTER)
        print(f"{issue['issueKey']}: attempt {event.attempt}, {type(refusal).__name__}, again in {wait:.1f} s")
        raise longshore.Retry(after=wait, reason=type(refusal).__name__, message=refusal.message) from refusal


async def main() -> None:
    """Create four issues at once, and wait until each was dealt with."""
    address = os.environ.get("LONGSHORE_ADDRESS", "127.0.0.1:50051")
    async with longshore.connect(address, patience=5) as client, asyncio.TaskGroup() as tasks:
        queue = client.queue(QUEUE)
        consuming = tasks.create_task(queue.consume(partial(write_entry, client)))
        issues = [{"issueKey": f"DEMO-{number}", "created": instant()} for number in range(1, 5)]
        jobs = [await on_issue_created(queue, issue) for issue in issues]
        for issue, job in zip(issues, jobs, strict=True):
            print(f"{issue['issueKey']}: {(await job.wait()).stats.state}")
        print(f"{KEY}: {(await client.kv.get(KEY))['issueKey']}")
        consuming.cancel()


def instant() -> str:
    """Now, so that texts compare as instants do."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


if __name__ == "__main__":
    asyncio.run(main())
