"""Errors: a class for each reason, chosen by the reason and never by the text."""

import copy

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2

import longshore
from longshore import errors
from longshore.status import from_item
from longshore.v1 import error_reason_pb2, event_pb2

REASONS = [name for name in error_reason_pb2.ErrorReason.keys() if name != "ERROR_REASON_UNSPECIFIED"]  # noqa: SIM118  an enum wrapper is no dict


def test_every_reason_of_the_contract_has_a_class_of_its_own():
    assert set(errors.BY_REASON) == set(REASONS)
    assert len(set(errors.BY_REASON.values())) == len(REASONS)
    assert all(getattr(longshore, cls.__name__) is cls for cls in errors.BY_REASON.values())


@pytest.mark.parametrize("reason", REASONS)
async def test_the_reason_of_a_call_or_of_an_item_chooses_the_class(client, fake, fail_call, reason):
    cls = errors.BY_REASON[reason]
    code = grpc.StatusCode[cls.code]

    async def fail(request, context):
        await fail_call(context, code, reason, message="this text says LEASE_LOST", current_version="12")

    fake.answers["GetJob"] = fail
    async with longshore.connect(fake.address, patience=0) as impatient:
        with pytest.raises(cls) as caught:
            await impatient.job("x").get()
    assert type(caught.value) is cls
    assert (caught.value.reason, caught.value.code) == (reason, cls.code)
    assert caught.value.metadata == {"current_version": "12"}
    item = event_pb2.ItemError(code=code.value[0], reason=error_reason_pb2.ErrorReason.Value(reason), message="m")
    assert type(from_item(item)) is cls


@pytest.mark.parametrize(
    ("code", "cls"),
    [
        ("UNAUTHENTICATED", longshore.Unauthenticated),
        ("PERMISSION_DENIED", longshore.PermissionDenied),
        ("RESOURCE_EXHAUSTED", longshore.ResourceExhausted),
        ("UNIMPLEMENTED", longshore.Unimplemented),
        ("NOT_FOUND", longshore.NotFound),
        ("UNKNOWN", longshore.LongshoreError),
    ],
)
async def test_a_bare_code_has_a_class_and_no_reason(client, fake, code, cls):
    async def fail(request, context):
        await context.abort(grpc.StatusCode[code], "bare")

    fake.answers["GetJob"] = fail
    with pytest.raises(cls) as caught:
        await client.job("x").get()
    assert type(caught.value) is cls
    assert (caught.value.reason, caught.value.code, caught.value.message) == ("", code, "bare")


async def test_a_reason_of_a_newer_service_falls_back_to_its_code(client, fake, fail_call):
    async def fail(request, context):
        delay = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=2, nanos=500_000_000))
        await fail_call(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "ERROR_REASON_NEW", delay)

    fake.answers["GetJob"] = fail
    with pytest.raises(longshore.ResourceExhausted) as caught:
        await client.job("x").get()
    assert caught.value.reason == "ERROR_REASON_NEW"
    assert caught.value.retry_after == 2.5


def test_errors_copy_with_all_they_know():
    error = errors.VersionMismatch("m", metadata={"current_version": "3"}, retry_after=1.0)
    twin = copy.copy(error)
    assert (type(twin), twin.current_version, twin.retry_after, str(twin)) == (type(error), 3, 1.0, "m")
