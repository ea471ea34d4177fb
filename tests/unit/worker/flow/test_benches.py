"""Benches are shared by the steps of an import, and those that nobody uses are closed beyond a bound."""

import pytest

from import_worker.flow.benches import MAX_IDLE, Bench, Benches


class Closable:
    def __init__(self):
        self.closed = 0

    async def close(self):
        self.closed += 1


@pytest.fixture
def opened(config):
    """Benches, and all that were built."""
    built = []

    def build(config):
        built.append(Bench(config=config, source=Closable(), destination=Closable(), mappers={}))
        return built[-1]

    async def read_config(_import_id):
        return config

    return Benches(build, read_config), built


async def test_steps_of_one_import_share_a_bench(opened):
    benches, built = opened
    async with benches.use("a") as first, benches.use("a") as second:
        assert first is second
    async with benches.use("a") as third:
        assert third is first
    assert len(built) == 1


async def test_idle_benches_are_closed_beyond_a_bound_and_never_one_in_use(opened):
    benches, built = opened
    async with benches.use("in use"):
        for number in range(MAX_IDLE + 3):
            async with benches.use(str(number)):
                pass
        assert [bench.source.closed for bench in built] == [0, 1, 1, 1, *[0] * MAX_IDLE]
    await benches.close()
    assert {bench.destination.closed for bench in built} == {1}
