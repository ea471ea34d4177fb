"""Assets with faults that pass: each chunk arrives, and the set is completed once."""

import pytest
from starlette.responses import Response

from import_worker.sandbox.wire import NoAnswer

SWITCHES = {
    "refusals": (
        {"rate_limit_every": 9},
        {"rate_limit_every": 7, "retry_after": 1},
        {"error_every": 4},
        {"stall_every": 9, "stall_seconds": 0.3},
        {"fail_status_every": 2},
    ),
    "lost answers": (
        {"lose_answer_every": 4},
        {"lose_answer_every": 4, "client_ids": "deduplicated"},
        {"lose_answer_every": 4, "client_ids": "refused"},
    ),
    "bounds": (
        {"body_limit": 4000},
        {"max_objects_per_chunk": 7},
        {"body_limit": 4000, "lose_answer_every": 5, "client_ids": "refused"},
    ),
}


@pytest.mark.parametrize("kind", list(SWITCHES))
async def test_faults_of_chunks_that_pass(make_iso, kind):
    iso = await make_iso()
    for switches in SWITCHES[kind]:
        await iso.stage.reset()
        await iso.stage.faults(**switches)
        try:
            await iso.check_exact(await iso.stage.run("iso"))
        except AssertionError as error:
            raise AssertionError(f"with {switches}") from error


async def test_an_execution_that_vanishes_is_followed_by_one_with_the_whole_set(make_iso):
    iso = await make_iso("--vanish-execution-after", "20")
    run = await iso.stage.run("iso")
    await iso.check_exact(run, executions=2)
    assert run.run_number == 2


ANSWERS = {
    "lost": NoAnswer(),
    "500": Response(status_code=500),
    "429": Response(status_code=429, headers={"Retry-After": "1"}),
}


@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_completion_without_a_good_answer(make_iso, side):
    """It is said again only where Assets did not hear it; check_exact counts."""
    iso = await make_iso()
    left = []

    async def act(call):
        return left.pop() if call.kind == "complete" and left else None

    setattr(iso.assets, side, act)
    for name, answer in ANSWERS.items():
        await iso.stage.reset()
        iso.assets.calls.clear()
        left.append(answer)
        await iso.check_exact(await iso.stage.run("iso"))
        assert iso.assets.calls.count("complete") == {"before": 2, "after": 1}[side], name
