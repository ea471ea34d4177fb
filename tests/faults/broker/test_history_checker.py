"""The judge of histories: it passes what a broker may do, and notices each promise that is broken."""

from dataclasses import replace

import pytest

from tests.faults.broker.history import LEASE_LOST, OK, Delivery, Group, History, Push, Settle, faults

FIRST = Delivery(event_id="j.0", attempt=1, asked=1.0, received=1.1, expires=1011.0, seen=1001.1)
SECOND = replace(FIRST, attempt=2, asked=12.0, received=12.1, expires=1022.0, seen=1012.1)
DONE = Settle(event_id="j.0", attempt=2, outcome="success", asked=12.2, status=OK)
COUNTS = {"success": 1, "in_progress": 0, "failed": 0, "cancelled": 0}
COMMITTED = replace(DONE, counter="c")
COMPLETION = replace(FIRST, event_id="c.0", asked=20.0, received=20.1, seen=1020.1)
COMPLETED = replace(DONE, event_id="c.0", attempt=1, asked=21.0)
GROUP = Group(completion_event_id="c.0", sealed=11.0)


def history(**changes):
    """A good one: a lease ran out, the second delivery was done."""
    values = {
        "pushes": [Push(job_id="j", events=1)],
        "deliveries": [FIRST, SECOND],
        "settles": [DONE],
        "counts": {"j": COUNTS},
    }
    return History(**{**values, **changes})


@pytest.mark.parametrize(
    "good",
    [
        history(),
        history(settles=[replace(DONE, status=None)]),
        history(settles=[replace(DONE, attempt=1, status=LEASE_LOST, asked=13.0), DONE]),
        history(settles=[COMMITTED], counters={"c": 1}),
        history(settles=[replace(COMMITTED, status=None), replace(COMMITTED, status=LEASE_LOST)], counters={"c": 1}),
        history(deliveries=[FIRST, SECOND, COMPLETION], settles=[DONE, COMPLETED], groups=[GROUP]),
        history(
            deliveries=[FIRST, replace(SECOND, asked=2.0, received=2.1, seen=1002.1)],
            settles=[replace(DONE, attempt=1, outcome="retry", asked=1.5), DONE],
        ),
    ],
)
def test_what_may_be(good):
    assert faults(good) == []


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (history(counts={}), "not lost"),
        (history(counts={"j": {**COUNTS, "success": 0}}), "not lost"),
        (history(counts={"j": {**COUNTS, "success": 0, "in_progress": 1}}), "brought to its end"),
        (history(counts={"j": {**COUNTS, "success": 0, "failed": 1}}), "what workers said"),
        (history(settles=[]), "what workers said"),
        (history(settles=[replace(DONE, status=LEASE_LOST)]), "what workers said"),
        (history(settles=[replace(DONE, attempt=1, asked=1.2)]), "never delivered again"),
        (history(settles=[DONE, replace(DONE, outcome="failure")]), "never delivered again"),
        (history(deliveries=[FIRST, replace(SECOND, attempt=1)]), "only grow"),
        (history(deliveries=[replace(FIRST, attempt=3), SECOND]), "only grow"),
        (history(deliveries=[FIRST, replace(SECOND, seen=1005.0)]), "Two live leases"),
        (history(settles=[replace(DONE, attempt=1, asked=13.0), DONE]), "lost a lease changed"),
        (history(settles=[COMMITTED], counters={"c": 2}), "counter that Commits"),
        (history(settles=[COMMITTED], counters={}), "counter that Commits"),
        (history(settles=[replace(COMMITTED, status=LEASE_LOST), DONE], counters={"c": 1}), "counter that Commits"),
        (history(groups=[GROUP]), "comes once"),
        (
            history(
                deliveries=[FIRST, SECOND, COMPLETION],
                settles=[DONE, COMPLETED],
                groups=[replace(GROUP, sealed=30.0)],
            ),
            "after the seal",
        ),
    ],
)
def test_what_must_not_be(bad, told):
    assert any(told in fault for fault in faults(bad)), faults(bad)
