"""Seeded runs against the model. A seed that fails is told, cut down, and told as a line for cases.jsonl.

LONGSHORE_SIMULATION_RUNS sets how many; the seeds count from 1.
"""

import json
import os
from pathlib import Path

import pytest

from tests.faults.broker.simulation.script import make_run
from tests.faults.broker.simulation.shrinking import shrink

RUNS = int(os.environ.get("LONGSHORE_SIMULATION_RUNS", "10000"))
AT_ONCE = 100
CASES = Path(__file__).with_name("cases.jsonl").read_text().splitlines()


def kind(broken):
    """A rule without its facts."""
    return broken and broken[:40]


@pytest.mark.no_cover  # it would take half as long again, and the other tests cover what there is
@pytest.mark.parametrize("first", range(1, RUNS + 1, AT_ONCE))
async def test_random_runs(first, rule_broken_by):
    for seed in range(first, min(first + AT_ONCE, RUNS + 1)):
        run = make_run(seed)
        if broken := await rule_broken_by(run):

            async def fails(candidate):
                return kind(await rule_broken_by(candidate))

            small = await shrink(run, fails)
            pytest.fail(f"seed {seed}: {broken}\nKeep it as a line of cases.jsonl:\n{json.dumps(small)}", pytrace=False)


@pytest.mark.parametrize("rule_broken_by", ["real"], indirect=True)
@pytest.mark.parametrize("seed", range(1, 13))
async def test_random_runs_over_the_real_driver(seed, rule_broken_by):
    assert await rule_broken_by(make_run(seed)) is None


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.loads(case)["finds"])
async def test_runs_that_once_failed(case, rule_broken_by):
    assert await rule_broken_by(json.loads(case)) is None
