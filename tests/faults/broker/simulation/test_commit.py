"""The step of an import, broken at every statement: never a settled lease without its follow-up or its entry."""

import asyncio

import pytest

from queue_service.domain.errors import BrokerError
from tests.faults.broker.simulation import driver
from tests.faults.broker.simulation.world import World

EVENT = {"delay": 0, "priority": 5, "key": None, "expire": None, "policy": None}
PUSH = {"job": 1, "queue": "a", "events": [EVENT], "group": None, "parent": None, "request": None, "seal": False,
        "repeat": None}  # fmt: skip
LIVE = ["live", 0]
COMMIT = {
    "settlements": [[LIVE, "success", None, False]],
    "pushes": [{**PUSH, "job": 2, "queue": "b", "events": [EVENT, EVENT], "parent": LIVE}],
    "write": {"check": ["x", "absent"], "key": "x", "value": "cursor", "expire": None},
    "request": "once",
    "repeat": None,
}


def calm(kind, values):
    return {"step": 0, "fate": "well", "at": 0, "do": [[kind, values]]}


@pytest.mark.parametrize("at", range(1, 16))
async def test_a_commit_that_breaks_anywhere_is_not_there(at, monkeypatch, tmp_path):
    driver.install(monkeypatch)
    world = World(tmp_path, small=False)
    await world.begin()
    await world.turn(calm("push", PUSH))
    await world.turn(calm("claim", {"claims": [["a", [1]]], "lease": 60_000}))
    commit = world.resolver.resolve("commit", COMMIT)
    world.store._connection.arm(at, world._copy)
    (answer,) = await asyncio.gather(world.store.write(commit.unit), return_exceptions=True)
    if world.store._connection.disarm():
        assert isinstance(answer, BrokerError)
        await world._go_on_from_copy()
    picture = world.picture()
    done = not isinstance(answer, BrokerError)
    assert (set(picture["event"]), set(picture["entry"])) == (({2, 3}, {"x"}) if done else ({1}, set()))
    again = await world.store.write(commit.unit)
    assert again.deduplicated is done
    assert set(world.picture()["event"]) == {2, 3}
    assert at < 15 or done, "it has more statements than are tried"
    await world.close()
