"""Records for tests of the rules."""

import pytest

from queue_service.domain.records import Event
from queue_service.domain.states import EventState


@pytest.fixture
def make_event():
    """Makes an event: leased for the first time at instant 0 unless said otherwise."""

    def make(**fields):
        values = {
            "id": 7,
            "job": 7,
            "queue": 1,
            "state": EventState.LEASED,
            "priority": 5,
            "due_time": 0,
            "lease_expire_time": None,
            "attempt": 1,
            "failures": 0,
            "lease_losses": 0,
            "first_delivery_time": 0,
            "context": None,
        }
        return Event(**(values | fields))

    return make
