"""The guide to an import divided into jobs: both ways end exactly once, whatever fails on the way."""

import asyncio
import re

import pytest

import longshore
from import_worker.sandbox.app import build_app

WAYS = ["jobs", "group"]
ROWS = 2


def serials_of(pages):
    return [f"SN-{page:05}-{row}" for page in range(1, pages + 1) for row in range(1, ROWS + 1)]


def run_of(execution):
    """The run that an execution carried, as its chunks name it."""
    (run,) = {chunk.partition("/")[0] for chunk in execution["client_ids"]}
    return run


@pytest.fixture
def way(program, request):
    """The module of a way: jobs or group."""
    return program(f"import_in_jobs/{request.param}.py")


@pytest.fixture
def completions(way, monkeypatch):
    """The events that the listener of the completion has handled in this process, as they come."""
    handled, listener = asyncio.Queue(), way.on_completion

    async def listen(*arguments):
        await listener(*arguments)
        handled.put_nowait(arguments[-1])

    monkeypatch.setattr(way, "on_completion", listen)
    return handled


@pytest.fixture
async def working(way, client):
    """Works on imports in this process, until the end of the test: working(assets)."""
    tasks = []
    yield lambda assets: tasks.append(asyncio.create_task(way.work(client, assets)))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "pages"), [("jobs", 2_500), ("group", 1_200)])
async def test_more_pages_than_a_chain_may_have_arrive_once_although_calls_fail(
    name, pages, run, service, sandbox_at, client
):
    """Every 97th call to Assets fails, and of every 131st the answer is lost after it took effect."""
    process = service("import_worker.sandbox", "--port", "0", "--error-every", "97", "--lose-answer-every", "131")
    sandbox = sandbox_at(f"http://{await process.start()}")
    ended = await run(f"import_in_jobs/{name}.py", SOURCE_PAGES=str(pages))
    assert (ended.code, ended.lines) == (0, ["Assets: DONE", f"Device: {pages * ROWS} created, 0 identical"])
    assert await sandbox.serials() == serials_of(pages)
    execution = await sandbox.execution()
    assert (execution["state"], execution["completions"], execution["completions_refused"]) == ("DONE", 1, 0)
    # Each chunk came once, and once more where its answer was lost: a retry forked nothing.
    assert len(execution["client_ids"]) == pages
    assert pages < execution["chunks"] <= pages + execution["data_calls"] // 131
    await HELD[name](client, run_of(execution), pages)


async def _jobs_hold(client, run, pages):
    """Every page had one job, and they made one chain."""
    assert (await client.admin.queues.get("import-pages")).totals.pushed == pages
    tracked = {entry.key: entry.value async for entry in client.kv.list(f"import/{run}/job/")}
    assert list(tracked) == [f"import/{run}/job/{page:06}" for page in range(1, pages + 1)]
    stats = await client.job_stats(list(tracked.values()))
    assert len(stats) == pages
    assert {(job.success, job.in_progress, job.failed, job.cancelled) for job in stats.values()} == {(1, 0, 0, 0)}
    first, *_, last = tracked.values()
    assert (await client.job(last).get()).lineage == longshore.Lineage(root_job_id=first, depth=pages - 1)


async def _group_holds(client, run, pages):
    """The group had a job for each page and one for each chunk."""
    group = await client.group(run).get()
    assert (group.jobs, group.success, group.failed, group.cancelled) == (2 * pages, 2 * pages, 0, 0)
    completion = await client.job(group.on_complete_job_id).wait()
    assert completion.stats.success == 1


HELD = {"jobs": _jobs_hold, "group": _group_holds}


@pytest.mark.parametrize("way", WAYS, indirect=True)
async def test_a_page_that_never_arrives_gives_the_import_up(
    way, program, sandbox_of, client, completions, working, monkeypatch
):
    """What would be missing would be deleted in Assets, so nothing is completed."""
    monkeypatch.setattr(program("import_in_jobs/source.py"), "PAGES", 20)
    sandbox = await sandbox_of(build_app())
    async with program("import_in_jobs/assets.py").open_assets() as assets:
        submit, tried = assets.submit, []

        async def broken(execution, rows, chunk_id):
            if chunk_id.endswith("/7"):
                tried.append(chunk_id)
                raise longshore.Retry(after=0, reason="BROKEN")
            await submit(execution, rows, chunk_id)

        monkeypatch.setattr(assets, "submit", broken)
        await way.start(client, assets)
        working(assets)
        while (execution := await sandbox.execution())["state"] == "INGESTING":
            await completions.get()
    assert (execution["state"], execution["completions"], execution["chunks"]) == ("CANCELLED", 0, 19)
    assert len(tried) == 5
    assert await sandbox.serials() == []


@pytest.mark.parametrize("way", ["jobs"], indirect=True)
async def test_a_completion_listener_that_fails_after_it_pushed_itself_goes_on_once(
    way, program, sandbox_of, client, working, monkeypatch
):
    """Page 3 is held until three listeners have failed after their push; each of them had one successor."""
    monkeypatch.setattr(program("import_in_jobs/source.py"), "PAGES", 5)
    monkeypatch.setattr(way, "LOOK_AFTER", 0.01)
    sandbox = await sandbox_of(build_app())
    listener, depths, failed_thrice, ended = way.on_completion, [], asyncio.Event(), asyncio.Event()

    async def failing(client, assets, event):
        depths.append(event.lineage.depth)
        await listener(client, assets, event)
        if len(depths) <= 3:
            raise RuntimeError("the listener fails when its successor was pushed already")
        failed_thrice.set()
        if (await sandbox.execution())["completions"]:
            ended.set()

    monkeypatch.setattr(way, "on_completion", failing)
    async with program("import_in_jobs/assets.py").open_assets() as assets:
        submit = assets.submit

        async def held(execution, rows, chunk_id):
            if chunk_id.endswith("/3"):
                await failed_thrice.wait()
            await submit(execution, rows, chunk_id)

        monkeypatch.setattr(assets, "submit", held)
        await way.start(client, assets)
        working(assets)
        await ended.wait()
    assert depths == list(range(5, 5 + len(depths)))
    execution = await sandbox.execution()
    assert (execution["completions"], execution["completions_refused"], execution["chunks"]) == (1, 0, 5)


class Withholding:
    """A sandbox whose first completion takes effect and is never answered."""

    def __init__(self, app):
        self._app = app
        self.took_effect = asyncio.Event()
        self._release = asyncio.Event()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        body, messages = bytearray(), []

        async def receive_and_look():
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def keep(message):
            messages.append(message)

        await self._app(scope, receive_and_look, keep)
        if re.search(rb'"completed": *true', body) and not self.took_effect.is_set():
            self.took_effect.set()
            await self._release.wait()
        for message in messages:
            await send(message)
        return None

    def release(self):
        self._release.set()


@pytest.mark.parametrize("way", WAYS, indirect=True)
async def test_a_completion_that_is_killed_after_it_took_effect_is_not_said_again(
    way, program, sandbox_of, client, worker, completions, working
):
    """The first worker is killed between the effect and the settle; a second one takes its event over."""
    withholding = Withholding(build_app())
    sandbox = await sandbox_of(withholding)
    async with program("import_in_jobs/assets.py").open_assets() as assets:
        await way.start(client, assets)
        first = await worker(way.__name__, SOURCE_PAGES="30")
        await withholding.took_effect.wait()
        first.kill()
        await first.wait()
        withholding.release()
        working(assets)
        event = await completions.get()
        assert event.attempt == 2
        assert (await client.job(event.job_id).wait()).stats.success == 1
    assert completions.empty()
    execution = await sandbox.execution()
    assert (execution["completions"], execution["completions_refused"]) == (1, 0)
    assert (execution["chunks"], execution["data_calls"]) == (30, 31)
