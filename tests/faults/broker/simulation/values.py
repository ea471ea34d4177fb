"""Records of the broker from the plain values of a run, and plain answers from its own."""

from dataclasses import replace

from queue_service.broker.push import NewJob, Parent
from queue_service.broker.settle import Settlement
from queue_service.domain.errors import BrokerError
from queue_service.domain.outcomes import Failure, Release, Retry, Success
from queue_service.domain.records import Concurrency, NewEvent, Payload
from queue_service.domain.retry import PolicyChange
from queue_service.kv.entries import Write


def payload(text):
    return Payload(text.encode(), is_json=False)


def new_events(specs):
    return tuple(
        NewEvent(
            payload=payload("x"),
            delay=one["delay"],
            priority=one["priority"],
            concurrency=one["key"] and Concurrency(*one["key"]),
            expire_after=one["expire"],
            policy=one["policy"] and PolicyChange.of(one["policy"]),
        )
        for one in specs
    )


def new_job(push):
    return NewJob(
        queue=push["queue"],
        events=new_events(push["events"]),
        fingerprint=repr((push["queue"], push["group"], push["events"])).encode(),
        job_id=push["job_id"],
        request_id=push["request_id"],
        group_id=push["group"],
        seal_group=push["seal"],
        parent=push["parent"] and Parent(key=push["parent"], lease_id="parent"),
    )


def settlement(key, outcome, after, result):
    made = {"success": Success, "failure": Failure, "retry": Retry, "release": Release}[outcome]()
    if after is not None:
        made = replace(made, after=after)
    return Settlement(key=key, outcome=replace(made, result=payload("r")) if result else made, lease_id="a lease")


def entry_write(key, value, expire):
    return Write(key=key, payload=None if value is None else payload(value), expire_after=expire)


def pushed(answer):
    if isinstance(answer, BrokerError):
        return type(answer).__name__
    return answer.job_id, answer.deduplicated


def settled(answer):
    return [(one.status.name, one.state and one.state.name, one.due_time, one.clamped) for one in answer]
