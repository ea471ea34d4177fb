"""Rich errors fit into trailers, whatever they tell."""

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from longshore.serving import Failure, FieldFault
from longshore.serving.status import MAX_DETAILS_BYTES, MAX_VIOLATIONS, to_grpc_status
from longshore.v1 import error_reason_pb2
from queue_service.domain import errors
from queue_service.rpc.errors import TABLE, failure_of, item_error


def decode(status):
    (data,) = [value for key, value in status.trailing_metadata if key == "grpc-status-details-bin"]
    return status_pb2.Status.FromString(data)


def detail(status, kind):
    for packed in decode(status).details:
        found = kind()
        if packed.Unpack(found):
            return found
    raise AssertionError(f"no {kind.__name__}")


def failure(faults, message="wrong"):
    return Failure(
        code=grpc.StatusCode.INVALID_ARGUMENT, reason="ERROR_REASON_X", message=message, faults=tuple(faults)
    )


@pytest.mark.parametrize(("faults", "shown"), [(1, 1), (20, 20), (21, 21), (100, 21)])
def test_at_most_twenty_violations_and_how_many_more(faults, shown):
    status = to_grpc_status(failure(FieldFault(field=f"f[{n}]", description="bad") for n in range(faults)))
    violations = detail(status, error_details_pb2.BadRequest).field_violations
    assert len(violations) == shown
    assert violations[0].field == "f[0]"
    if faults > MAX_VIOLATIONS:
        assert violations[-1].description == f"and {faults - MAX_VIOLATIONS} more"


@pytest.mark.parametrize("text", ["x", "ä", "\U0001f600"])
def test_the_whole_error_fits_into_the_bound_of_trailers(text):
    status = to_grpc_status(
        failure([FieldFault(field=text * 500, description=text * 5_000)] * 100, message=text * 10_000)
    )
    decoded = decode(status)
    assert decoded.ByteSize() <= MAX_DETAILS_BYTES
    assert detail(status, error_details_pb2.ErrorInfo).reason == "ERROR_REASON_X"
    violations = detail(status, error_details_pb2.BadRequest).field_violations
    assert violations[-1].description == f"and {101 - len(violations)} more"
    assert len(violations) > 1
    assert set(decoded.message) == {text}


def test_every_other_detail_is_bounded_too():
    status = to_grpc_status(
        Failure(
            code=grpc.StatusCode.ABORTED,
            reason="ERROR_REASON_X",
            message="ä" * 9_999,
            metadata={"key": "ä" * 9_999},
            resource=("entry", "ä" * 9_999),
            precondition=("LEASE", "ä" * 9_999),
            quota="disk",
            retry_after=1.5,
        )
    )
    assert decode(status).ByteSize() <= MAX_DETAILS_BYTES
    assert detail(status, error_details_pb2.RetryInfo).retry_delay.ToMilliseconds() == 1_500


def leaves(kind):
    return [leaf for child in kind.__subclasses__() for leaf in (leaves(child) or [child])]


def test_every_error_of_the_broker_is_in_the_table_and_every_reason_in_the_contract():
    assert set(leaves(errors.BrokerError)) == set(TABLE)
    reasons = [f"ERROR_REASON_{reason}" for _, reason, _ in TABLE.values()]
    assert len(set(reasons)) == len(reasons)
    assert set(reasons) <= set(error_reason_pb2.ErrorReason.keys())


EXAMPLES = [
    errors.InvalidRequest([errors.Fault(field="a", description="b")]),
    errors.QueueNotFound("q"),
    errors.JobNotFound("j"),
    errors.EventNotFound("j.0", "it ended"),
    errors.ScheduleNotFound("s"),
    errors.GroupNotFound("g"),
    errors.EntryNotFound("k"),
    errors.IdReused("job_id", "j"),
    errors.EntryExists("k", 3),
    errors.VersionMismatch("k", 3, 0),
    errors.LeaseLost("l"),
    errors.GroupSealed("g"),
    errors.GroupCancelled("g"),
    errors.WrongState("queue", "q", "is being purged"),
    errors.ChainLimit("j", 3, depth=True),
    errors.QueueFull("queue q", 3),
    errors.RateLimited("writes of entries", 3, retry_after=0.5),
    errors.Unavailable("stopping"),
    errors.DiskFull(),
    errors.DataLoss("malformed"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_every_error_can_be_told_as_the_answer_and_as_one_of_an_item(error):
    told = failure_of(error)
    assert told is not None
    assert decode(to_grpc_status(told)).message == str(error)
    item = item_error(error)
    assert (item.code, item.message) == (told.code_number, str(error))
    assert item.reason == error_reason_pb2.ErrorReason.Value(told.reason)


def test_the_examples_above_are_all_there_is():
    assert {type(error) for error in EXAMPLES} == set(TABLE)


def test_other_exceptions_are_nobodys_business():
    assert failure_of(RuntimeError("secret")) is None
