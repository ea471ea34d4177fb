"""QueueService over the broker: jobs, groups, settles. Deliveries are in deliveries.py, watches in watches.py."""

import hashlib
from typing import Any

from grpc import aio

from longshore.v1 import queue_service_pb2 as pb, queue_service_pb2_grpc
from queue_service.broker.broker import Broker
from queue_service.broker.watches import Watches
from queue_service.domain.errors import BrokerError, InvalidRequest
from queue_service.domain.limits import Limits
from queue_service.ports import Clock
from queue_service.rpc import messages
from queue_service.rpc.checks import Checks
from queue_service.rpc.deliveries import Deliveries
from queue_service.rpc.errors import item_error
from queue_service.rpc.requests import Requests
from queue_service.rpc.watches import WatchStreams

Context = aio.ServicerContext[Any, Any]


class QueueServicer(queue_service_pb2_grpc.QueueServiceServicer):
    """Serves the queue."""

    def __init__(self, broker: Broker, watches: Watches, clock: Clock, limits: Limits) -> None:
        self._broker = broker
        self._watches = WatchStreams(watches)
        self._clock = clock
        self._limits = limits
        self._requests = Requests(limits, broker.incarnation)
        self._deliveries = Deliveries(broker, self._requests, limits)

    async def Push(self, request: pb.PushRequest, _context: Context) -> pb.PushResponse:
        """Make one job."""
        checks = Checks()
        job = self._requests.push(checks, "", request, self._clock.now())
        checks.done()
        (answer,) = await self._broker.push([job])
        if isinstance(answer, BrokerError):
            raise answer
        return messages.pushed(answer)

    async def BatchPush(self, request: pb.BatchPushRequest, _context: Context) -> pb.BatchPushResponse:
        """Make many independent jobs."""
        checks = Checks()
        events = sum(len(push.events) for push in request.pushes[: self._limits.push_events])
        checks.count("pushes", len(request.pushes), lowest=1, highest=self._limits.push_events)
        checks.count("pushes[].events", events, lowest=0, highest=self._limits.push_events)
        checks.done()
        now = self._clock.now()
        jobs = []
        results: list[pb.BatchPushResult] = []
        for push in request.pushes:
            mine = Checks()
            job = self._requests.push(mine, "", push, now)
            error = item_error(InvalidRequest(mine.faults)) if mine.faults else None
            results.append(pb.BatchPushResult(error=error))
            if error is None:
                jobs.append(job)
        answers = iter(await self._broker.push(jobs) if jobs else ())
        for result in results:
            if not result.HasField("error"):
                answer = next(answers)
                if isinstance(answer, BrokerError):
                    result.error.CopyFrom(item_error(answer))
                else:
                    result.push.CopyFrom(messages.pushed(answer))
        return pb.BatchPushResponse(results=results)

    async def StreamEvents(self, request: pb.StreamEventsRequest, context: Context) -> None:  # type: ignore[override]
        """Deliver to one worker until it or the broker ends it."""
        await self._deliveries.stream(request, context.write)

    async def LeaseEvents(self, request: pb.LeaseEventsRequest, context: Context) -> pb.LeaseEventsResponse:
        """Deliver once."""
        return await self._deliveries.lease(request, context.time_remaining())

    async def Ack(self, request: pb.AckRequest, _context: Context) -> pb.AckResponse:
        """Settle many deliveries."""
        checks = Checks()
        checks.count("acknowledgements", len(request.acknowledgements), lowest=1, highest=self._limits.settles)
        checks.done()
        results: list[pb.AckResult | None] = []
        settlements = []
        seen: set[str] = set()
        for number, ack in enumerate(request.acknowledgements):
            mine = Checks()
            settlement = self._requests.settlement(mine, f"acknowledgements[{number}].", ack)
            if ack.lease_id in seen:
                mine.fault(f"acknowledgements[{number}].lease_id", "stands here a second time")
            seen.add(ack.lease_id)
            if mine.faults:
                error = item_error(InvalidRequest(mine.faults))
                results.append(pb.AckResult(lease_id=ack.lease_id, status=pb.ACK_STATUS_INVALID, error=error))
            else:
                results.append(None)
                settlements.append(settlement)
        answers = iter(await self._broker.settle(settlements) if settlements else ())
        return pb.AckResponse(
            results=[
                result or messages.ack_result(ack.lease_id, next(answers))
                for ack, result in zip(request.acknowledgements, results, strict=True)
            ]
        )

    async def ExtendLeases(self, request: pb.ExtendLeasesRequest, _context: Context) -> pb.ExtendLeasesResponse:
        """Extend many leases."""
        checks = Checks()
        checks.count("extensions", len(request.extensions), lowest=1, highest=self._limits.settles)
        checks.done()
        results: list[pb.ExtendResult | None] = []
        extensions = []
        for number, message in enumerate(request.extensions):
            mine = Checks()
            extension = self._requests.extension(mine, f"extensions[{number}].", message)
            if mine.faults:
                error = item_error(InvalidRequest(mine.faults))
                results.append(pb.ExtendResult(lease_id=message.lease_id, error=error))
            else:
                results.append(None)
                extensions.append(extension)
        answers = iter(await self._broker.extend(extensions) if extensions else ())
        return pb.ExtendLeasesResponse(
            results=[
                result or messages.extend_result(message.lease_id, next(answers))
                for message, result in zip(request.extensions, results, strict=True)
            ]
        )

    async def Commit(self, request: pb.CommitRequest, _context: Context) -> pb.CommitResponse:
        """Carry out one atomic step."""
        step = self._requests.commit(request, self._clock.now())
        return messages.committed(request, await self._broker.commit(step))

    async def GetJob(self, request: pb.GetJobRequest, _context: Context) -> pb.GetJobResponse:
        """Return one job."""
        view = await self._broker.get_job(_id("job_id", request.job_id))
        return pb.GetJobResponse(job=messages.job_message(view))

    async def GetJobStats(self, request: pb.GetJobStatsRequest, _context: Context) -> pb.GetJobStatsResponse:
        """Return the counts of many jobs."""
        checks = Checks()
        checks.count("job_ids", len(request.job_ids), lowest=1, highest=self._limits.stats_jobs)
        checks.done()
        ids = [checks.uuid(f"job_ids[{number}]", text) for number, text in enumerate(request.job_ids)]
        checks.done()
        found = await self._broker.get_jobs(ids)
        return pb.GetJobStatsResponse(
            stats=[messages.job_stats(found[job_id].job) for job_id in ids if job_id in found],
            missing_job_ids=[text for text, job_id in zip(request.job_ids, ids, strict=True) if job_id not in found],
        )

    async def WatchJob(self, request: pb.WatchJobRequest, context: Context) -> None:  # type: ignore[override]
        """Send one job now and after changes."""
        await self._watches.job(_id("job_id", request.job_id), context.write)

    async def CancelJob(self, request: pb.CancelJobRequest, _context: Context) -> pb.CancelJobResponse:
        """Cancel one job."""
        view = await self._broker.cancel_job(_id("job_id", request.job_id))
        return pb.CancelJobResponse(job=messages.job_message(view))

    async def CreateGroup(self, request: pb.CreateGroupRequest, _context: Context) -> pb.CreateGroupResponse:
        """Open a group."""
        checks = Checks()
        group_id = checks.uuid("group_id", request.group_id) if request.HasField("group_id") else None
        on_complete, fingerprint = None, b""
        if request.HasField("on_complete"):
            on_complete = self._requests.on_complete(checks, request.on_complete, self._clock.now())
            data = request.on_complete.SerializeToString(deterministic=True)
            fingerprint = hashlib.blake2b(data, digest_size=16).digest()
        parent = self._requests.parent(checks, "", request)
        checks.done()
        group, existed = await self._broker.create_group(
            group_id=group_id, on_complete=on_complete, fingerprint=fingerprint, parent=parent
        )
        return pb.CreateGroupResponse(group=messages.group_message(group), deduplicated=existed)

    async def SealGroup(self, request: pb.SealGroupRequest, _context: Context) -> pb.SealGroupResponse:
        """Close a group for pushes from outside."""
        group = await self._broker.seal_group(_id("group_id", request.group_id))
        return pb.SealGroupResponse(group=messages.group_message(group))

    async def GetGroup(self, request: pb.GetGroupRequest, _context: Context) -> pb.GetGroupResponse:
        """Return one group."""
        group = await self._broker.get_group(_id("group_id", request.group_id))
        return pb.GetGroupResponse(group=messages.group_message(group))

    async def WatchGroup(self, request: pb.WatchGroupRequest, context: Context) -> None:  # type: ignore[override]
        """Send one group now and after changes."""
        await self._watches.group(_id("group_id", request.group_id), context.write)

    async def CancelGroup(self, request: pb.CancelGroupRequest, _context: Context) -> pb.CancelGroupResponse:
        """Seal a group and cancel its jobs."""
        group = await self._broker.cancel_group(_id("group_id", request.group_id))
        return pb.CancelGroupResponse(group=messages.group_message(group))


def _id(field: str, text: str) -> bytes:
    checks = Checks()
    value = checks.uuid(field, text)
    checks.done()
    return value
