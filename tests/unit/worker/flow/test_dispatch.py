"""What becomes of an event whose step lost a race, its broker, or its lease at the wrong moment."""

from types import SimpleNamespace

import pytest

import longshore
from import_worker.flow import dispatch, start
from import_worker.flow.pace import Pace
from import_worker.ports import Execution
from import_worker.runs.ledger import Kept
from import_worker.runs.run import State, Trigger, WrongTransition


@pytest.mark.parametrize(
    "error",
    [
        WrongTransition(State.READING, Trigger.OPEN),
        longshore.VersionMismatch("x"),
        longshore.LeaseLost("x"),
        longshore.GroupCancelled("x"),
        longshore.Unavailable("x"),
        longshore.DeadlineExceeded("x"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_it_is_released_without_blame_and_keeps_its_tries(error, monkeypatch):
    async def step(_flow, _event):
        raise error

    monkeypatch.setitem(dispatch.STEPS, "import.read", step)
    event = SimpleNamespace(queue="import.read", retry_context=SimpleNamespace(data={"tries": 4}))
    with pytest.raises(longshore.Release) as caught:
        await dispatch.handle(SimpleNamespace(pace=Pace()), event)
    release = caught.value.acknowledgement("lease").release
    assert release.data.json == '{"tries":4}'
    assert 0 < release.after.seconds + release.after.nanos / 1e9 <= 1


class LostTransaction:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        raise longshore.LeaseLost("another worker has it")

    def push(self, *_args, **_options):
        pass


class Destination:
    def __init__(self):
        self.cancelled = []

    async def start(self):
        return Execution(links={"cancel": "http://127.0.0.1/e"})

    async def cancel(self, execution):
        self.cancelled.append(execution.links["cancel"])


async def test_an_execution_that_cannot_be_recorded_any_more_is_cancelled(config, run):
    """Its lease was lost while Assets answered: nobody else will ever know its links."""
    destination = Destination()
    starting = Kept(value=start.advance(run, Trigger.START, now=1.0, intent=True), version=1)
    flow = SimpleNamespace(
        clock=SimpleNamespace(now=lambda: 2.0), ledger=SimpleNamespace(put_run=lambda tx, kept, run: None)
    )
    bench = SimpleNamespace(config=config, destination=destination)
    with pytest.raises(longshore.LeaseLost):
        await start._open(flow, SimpleNamespace(commit=LostTransaction), starting, bench)
    assert destination.cancelled == ["http://127.0.0.1/e"]
