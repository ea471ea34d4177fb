"""What is in a file of the broker, as the model says it."""

import json

from queue_service.domain.states import EventState, GroupState
from tests.faults.broker.simulation.ledger import in_short

COLUMNS = {
    "event": "id, state, priority, due_time, attempt, failures, lease_losses, first_delivery_time, delivery_time, "
    "lease_expire_time, expire_time, history",
    "job": "job_id, events, success, failed, cancelled, coalesce(root, job_id), depth, cancel_time IS NOT NULL",
    "job_group": "group_id, state, success, failed, cancelled, cancel_time IS NOT NULL",
    "entry": "key, version, payload, expire_time",
    "concurrency_key": "name, slots, pending, leased, kept",
    "lineage": "root, pushes",
    "queue": "name, paused, deleted, settings, purge_before, pending, leased, failed, finished_jobs, pushed, "
    "delivered, succeeded, dead, cancelled, retried, leases_lost, released, redriven",
    "event_result": "event",
    "commit_answer": "request_id",
    "store": "'next version', next_version",
}


def read_picture(connection):
    """What is in the file."""
    rows = {
        table: connection.execute(f"SELECT {columns} FROM {table}").fetchall() for table, columns in COLUMNS.items()
    }
    states, group_states = list(EventState), list(GroupState)
    picture = {table: {row[0]: row[1:] for row in found} for table, found in rows.items()}
    picture["event"] = {
        number: (states[state - 1].name, *values, tuple(one[1] for one in json.loads(history or "[]")))
        for number, (state, *values, history) in picture["event"].items()
    }
    picture["queue"] = {
        name: (paused, deleted, in_short(json.loads(settings or "{}")), *values)
        for name, (paused, deleted, settings, *values) in picture["queue"].items()
    }
    picture["job_group"] = {
        group: (group_states[state - 1].name, *values) for group, (state, *values) in picture["job_group"].items()
    }
    picture["entry"] = {
        key: (version, payload.decode(), end) for key, (version, payload, end) in picture["entry"].items()
    }
    picture |= {table: {key: count for key, (count,) in picture[table].items()} for table in ("lineage", "store")}
    picture |= {table: set(picture[table]) for table in ("event_result", "commit_answer")}
    return picture


def difference(found, expected):
    if isinstance(found, set):
        return found ^ expected
    keys = [key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)]
    return {key: (found.get(key), "expected", expected.get(key)) for key in keys}
