"""Webhooks: told once and for all how a run ended, never in the way of it."""

import asyncio
import json

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from import_worker.flow.events import NOTIFY
from longshore import ImportState
from longshore.admin import EventFilter, EventState

ALL = "[failed, cancelled, suspended, succeeded, succeeded_with_errors]"


class Hook:
    """An address that is told about runs.

    Attributes:
        told: bodies in the order in which they came.
        statuses: answered one after the other, then 204.
    """

    def __init__(self):
        self.told = []
        self.statuses = []
        self.came = asyncio.Event()

    async def take(self, request):
        self.told.append(json.loads(await request.body()))
        self.came.set()
        return Response(status_code=self.statuses.pop(0) if self.statuses else 204)

    async def next(self):
        await self.came.wait()
        self.came.clear()
        return self.told[-1]


@pytest.fixture
async def hook(world, serve):
    found = Hook()
    url = await serve(Starlette(routes=[Route("/secret-path", found.take, methods=["POST"])]))
    world.env["HOOK"] = f"{url}/secret-path?key=secret-key"
    return found


def notify(world, events=ALL):
    path = world.folder / "places.yaml"
    path.write_text(f"notifications: [{{ webhook: '${{env:HOOK}}', events: {events} }}]\n" + path.read_text())


async def test_how_a_run_ended_is_told(world, hook):
    notify(world)
    run = await world.run()
    told = await hook.next()
    assert told["event"] == "succeeded"
    assert told["import"] == {
        "import_id": run.import_id,
        "name": "places",
        "state": "SUCCEEDED",
        "mode": "FULL",
        "run_number": 1,
        "create_time": run.create_time.isoformat(timespec="milliseconds"),
        "end_time": run.end_time.isoformat(timespec="milliseconds"),
        "suspended_until": None,
        "failure": None,
    }


async def test_why_a_run_failed_is_told_and_why_it_is_suspended(world, hook):
    notify(world)
    world.source.instead = lambda resource, first: Response(status_code=500) if first else None
    import_id = (await world.imports.start("places")).run.import_id
    suspended = await hook.next()
    assert (suspended["event"], suspended["import"]["failure"]["reason"]) == ("suspended", "SOURCE_UNAVAILABLE")
    assert suspended["import"]["suspended_until"] is not None
    world.source.instead = lambda resource, first: Response(status_code=403)
    await world.imports.resume(import_id)
    failed = await hook.next()
    assert (failed["event"], failed["import"]["failure"]["reason"]) == ("failed", "SOURCE_ERROR")
    assert failed["id"] != suspended["id"]


async def test_only_what_was_asked_for_is_told(world, hook):
    notify(world, "[failed]")
    await world.run()
    del world.source.tables["regions"][:]
    await world.run()
    assert (await hook.next())["event"] == "failed"
    assert len(hook.told) == 1


async def test_a_webhook_that_is_away_is_told_later_and_the_run_does_not_wait(world, hook):
    hook.statuses = [500, 429, 503]
    notify(world)
    assert (await world.run()).state is ImportState.SUCCEEDED
    await world.client.admin.queues.set(NOTIFY, world.at_once)
    first = await hook.next()
    while len(hook.told) < 4:
        assert await hook.next() == first


async def test_a_webhook_that_refuses_is_a_dead_letter_without_its_address(world, hook):
    hook.statuses = [404]
    notify(world)
    assert (await world.run()).state is ImportState.SUCCEEDED
    dead = EventFilter(queue=NOTIFY, state=EventState.FAILED)
    async for job in world.client.admin.jobs.list(queue=NOTIFY):
        await world.client.job(job.job_id).wait()
    (letter,) = [each async for each in world.client.admin.events.list(dead, full=True)]
    assert "404" in letter.message
    assert "secret" not in repr(letter)


async def test_a_webhook_at_a_metadata_address_is_never_asked(world):
    world.env["HOOK"] = "http://169.254.169.254/latest"
    notify(world)
    assert (await world.run()).state is ImportState.SUCCEEDED
    async for job in world.client.admin.jobs.list(queue=NOTIFY):
        await world.client.job(job.job_id).wait()
    dead = EventFilter(queue=NOTIFY, state=EventState.FAILED)
    (letter,) = [each async for each in world.client.admin.events.list(dead)]
    assert "metadata" in letter.message
