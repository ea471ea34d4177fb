"""Clients under load while the broker is killed and answers get lost: their histories alone prove the promises.

LONGSHORE_HISTORY_RUNS: how many seeds.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
import uuid

import grpc
import pytest

from longshore.v1 import kv_service_pb2 as kv, kv_service_pb2_grpc, queue_service_pb2 as pb, queue_service_pb2_grpc
from queue_service.domain.ids import completion_job_id
from tests.faults.broker.history import OK, Delivery, Group, History, Push, Settle, faults

RUNS = int(os.environ.get("LONGSHORE_HISTORY_RUNS", "1"))
KILLS, PROMISES = 3, 150
BOUND, ANSWER_SECONDS, PATIENCE = 20.0, 5.0, 90.0
COUNTS = ("success", "in_progress", "failed", "cancelled")
QUEUES = ("plain", "steps", "done")
OUTCOMES = {"success": {}, "failure": {}, "retry": {"after": {}}, "release": {}}
USUAL = ("success", "success", "success", "failure", "retry", "release")
STATUS = {pb.ACK_STATUS_OK: "OK", pb.ACK_STATUS_ALREADY_FINAL: "ALREADY_FINAL", pb.ACK_STATUS_LEASE_LOST: "LEASE_LOST"}


class Proxy:
    """Passes bytes on, and now and then breaks a connection instead of passing an answer on."""

    def __init__(self, dice):
        self._dice = dice
        self.target = self.address = ""
        self.losing = True
        self.lost = 0

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader, writer):
        host, _, port = self.target.rpartition(":")
        try:
            upstream, to_upstream = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.close()
            return
        ends = [asyncio.ensure_future(self._pass(reader, to_upstream, answers=False)),
                asyncio.ensure_future(self._pass(upstream, writer, answers=True))]  # fmt: skip
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for one in (writer, to_upstream):
            one.close()
        await asyncio.wait(ends)

    async def _pass(self, source, sink, *, answers):
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                if answers and self.losing and self._dice.random() < 0.01:
                    self.lost += 1
                    return
                sink.write(data)
                await sink.drain()

    async def stop(self):
        self._server.close()


class Clients:
    """Many callers with one history."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.history = History()
        self.promises, self.reached, self.enough = 0, asyncio.Event(), 0
        self.stopping = False

    async def more(self, promises):
        """Wait for so many more answers."""
        self.enough = self.promises + promises
        self.reached.clear()
        await self.reached.wait()

    def _promise(self):
        self.promises += 1
        if self.promises >= self.enough:
            self.reached.set()

    async def again(self, call, request):
        """Repeat a call until it is answered, or refused for good: who repeats must not do anything twice."""
        while True:
            with contextlib.suppress(grpc.aio.AioRpcError):
                return await call(request, timeout=ANSWER_SECONDS)
            await asyncio.sleep(0.02)  # the broker is away

    async def push(self, queue, **options):
        """Push a job of a few events under an id of our own."""
        job_id = str(uuid.UUID(int=self.dice.getrandbits(128), version=4))
        events = [{"payload": {"json": "1"}}] * self.dice.randint(1, 4)
        name = self.dice.choice(QUEUES[:2])
        answer = await self.again(queue.Push, pb.PushRequest(queue=name, events=events, job_id=job_id, **options))
        assert answer.job_id == job_id
        self.history.pushes.append(Push(job_id=job_id, events=len(events)))
        self._promise()

    async def group(self, queue):
        """Open a group, push into it, seal it."""
        group_id = uuid.UUID(int=self.dice.getrandbits(128), version=4)
        then = {"queue": "done", "events": [{"payload": {"json": "1"}}]}
        await self.again(queue.CreateGroup, pb.CreateGroupRequest(group_id=str(group_id), on_complete=then))
        for _ in range(2):
            await self.push(queue, group_id=str(group_id))
        sealed = time.monotonic()
        await self.again(queue.SealGroup, pb.SealGroupRequest(group_id=str(group_id)))
        completion = f"{uuid.UUID(bytes=completion_job_id(group_id.bytes))}.0"
        self.history.groups.append(Group(completion_event_id=completion, sealed=sealed))

    async def work(self, queue, name, *, wait=1, calm=False):
        """Take what is ready and end each delivery somehow. Answers how many there were."""
        request = pb.LeaseEventsRequest(
            subscriptions=[{"queue": name}],
            max_events=200 if calm else 8,
            wait={"seconds": wait},
            lease_duration={"seconds": 3},
        )
        asked = time.monotonic()
        try:
            answer = await queue.LeaseEvents(request, timeout=wait + ANSWER_SECONDS)
        except grpc.aio.AioRpcError:
            await asyncio.sleep(0.02)
            return 0
        for delivery in answer.deliveries:
            self.history.deliveries.append(
                Delivery(
                    event_id=delivery.event_id,
                    attempt=delivery.attempt,
                    asked=asked,
                    received=time.monotonic(),
                    expires=delivery.lease_expire_time.ToNanoseconds() / 1e9,
                    seen=time.time(),
                )
            )
        for delivery in answer.deliveries:
            if name == "steps":
                await self._commit(queue, delivery)
            else:
                await self._ack(queue, delivery, "success" if calm else self.dice.choice(USUAL))
        return len(answer.deliveries)

    async def _ack(self, queue, delivery, outcome):
        """Ack, and again where the answer was lost."""
        request = pb.AckRequest(acknowledgements=[{"lease_id": delivery.lease_id, outcome: OUTCOMES[outcome]}])
        for _ in range(3):
            said = Settle(event_id=delivery.event_id, attempt=delivery.attempt, outcome=outcome, asked=time.monotonic())
            try:
                (result,) = (await queue.Ack(request, timeout=ANSWER_SECONDS)).results
            except grpc.aio.AioRpcError:
                self.history.settles.append(said)
                continue
            self.history.settles.append(_with(said, status=STATUS[result.status]))
            self._promise()
            return

    async def _commit(self, queue, delivery):
        """End the delivery and advance our counter in one step, under an id of its own where it is repeated."""
        counter = f"counter:{self.dice.randrange(3)}"
        said = {"event_id": delivery.event_id, "attempt": delivery.attempt, "outcome": "success", "counter": counter}
        request_id = str(self.dice.getrandbits(64))
        for _ in range(6):
            version, value = await self._counter(counter)
            check = {"key": counter, "version": version}
            write = {"key": counter, "set": {"payload": {"json": str(value + 1)}}}
            request = pb.CommitRequest(
                request_id=f"{request_id}-{version}",
                acknowledgements=[{"lease_id": delivery.lease_id, "success": {}}],
                entry_checks=[check],
                entry_writes=[write],
            )
            settle = Settle(**said, asked=time.monotonic())
            try:
                await queue.Commit(request, timeout=ANSWER_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() == grpc.StatusCode.FAILED_PRECONDITION:  # lost, or done by the try before
                    return
                if error.code() not in {grpc.StatusCode.ABORTED, grpc.StatusCode.ALREADY_EXISTS}:
                    self.history.settles.append(settle)
                continue
            self.history.settles.append(_with(settle, status=OK))
            self._promise()
            return

    async def _counter(self, key):
        answer = await self.again(self.entries.BatchGetEntries, kv.BatchGetEntriesRequest(keys=[key]))
        found = [(entry.version, int(entry.payload.json)) for entry in answer.entries]
        return found[0] if found else (0, 0)

    async def live(self, address):
        """Use the broker with many callers until told to stop."""
        async with grpc.aio.insecure_channel(address) as channel:
            queue = queue_service_pb2_grpc.QueueServiceStub(channel)
            self.entries = kv_service_pb2_grpc.KvServiceStub(channel)
            makers = [lambda: self.push(queue)] * 4 + [lambda: self.group(queue)]
            workers = [lambda name=name: self.work(queue, name) for name in (*QUEUES, "plain", "steps")]

            async def repeat(step):
                while not self.stopping:
                    await step()

            await asyncio.gather(*map(repeat, makers + workers))

    async def finish(self, address):
        """Work until every job has ended, and write down the counts."""
        async with grpc.aio.insecure_channel(address) as channel:
            queue = queue_service_pb2_grpc.QueueServiceStub(channel)
            self.entries = kv_service_pb2_grpc.KvServiceStub(channel)
            ids = [push.job_id for push in self.history.pushes]
            ids += [group.completion_event_id.rpartition(".")[0] for group in self.history.groups]
            open_ids = ids
            while open_ids:
                await asyncio.gather(*(self.work(queue, name, wait=2, calm=True) for name in QUEUES))
                counts = await self._counts(queue, ids)
                open_ids = [job_id for job_id in ids if job_id not in counts or counts[job_id]["in_progress"]]
            self.history.counts = await self._counts(queue, ids)
            for number in range(3):
                self.history.counters[f"counter:{number}"] = (await self._counter(f"counter:{number}"))[1]

    async def _counts(self, queue, ids):
        counts = {}
        for start in range(0, len(ids), 1_000):
            answer = await queue.GetJobStats(pb.GetJobStatsRequest(job_ids=ids[start : start + 1_000]), timeout=BOUND)
            for one in answer.stats:
                counts[one.job_id] = {name: getattr(one, name) for name in COUNTS}
        return counts


def _with(settle, **values):
    return Settle(**{**settle.__dict__, **values})


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", range(1, RUNS + 1))
async def test_histories_of_a_broker_that_is_killed_while_answers_get_lost(seed, service):
    broker, clients = service("queue_service", "--address", "127.0.0.1:0", "--database", "broker.db"), Clients(seed)
    proxy = Proxy(clients.dice)
    proxy.target = await broker.start()
    await proxy.start()
    living = asyncio.ensure_future(clients.live(proxy.address))
    for kill in range(KILLS + 1):
        reached = asyncio.ensure_future(clients.more(PROMISES))
        await asyncio.wait([living, reached], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        assert reached.done(), living
        if kill < KILLS:
            await broker.kill()
            await broker.start()
    clients.stopping, proxy.losing = True, False
    await asyncio.wait_for(living, PATIENCE)
    await asyncio.wait_for(clients.finish(broker.address), PATIENCE)  # leases of lost answers last 30 s after a restart
    await proxy.stop()
    assert faults(clients.history) == []
    assert proxy.lost
    assert len(clients.history.deliveries) > KILLS * 10


WORKER = """
import sys, grpc
from longshore.v1 import queue_service_pb2 as pb, queue_service_pb2_grpc
with grpc.insecure_channel(sys.argv[1]) as channel:
    queue = queue_service_pb2_grpc.QueueServiceStub(channel)
    (one,) = queue.LeaseEvents(
        pb.LeaseEventsRequest(subscriptions=[{"queue": "q"}], max_events=1, lease_duration={"seconds": 1})
    ).deliveries
    print(one.lease_id, one.attempt, flush=True)
    sys.stdin.readline()
    print(queue.Ack(pb.AckRequest(acknowledgements=[{"lease_id": one.lease_id, "success": {}}])).results[0].status)
"""


async def test_a_worker_that_stood_still_past_its_lease_changes_nothing(broker):
    """SIGSTOP, and a late ack: the event is another worker's by then."""
    async with grpc.aio.insecure_channel(broker) as channel:
        queue = queue_service_pb2_grpc.QueueServiceStub(channel)
        policy = {"initial_backoff": {"nanos": 1_000_000}}
        event = {"payload": {"json": "1"}, "retry_policy": policy}
        job_id = (await queue.Push(pb.PushRequest(queue="q", events=[event]))).job_id
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, broker, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        lease_id, attempt = (await asyncio.wait_for(worker.stdout.readline(), BOUND)).decode().split()
        worker.send_signal(signal.SIGSTOP)
        lease = pb.LeaseEventsRequest(subscriptions=[{"queue": "q"}], max_events=1, wait={"seconds": 15})
        (second,) = (await queue.LeaseEvents(lease, timeout=BOUND)).deliveries
        assert (attempt, second.attempt) == ("1", 2)
        assert second.lease_id != lease_id
        worker.send_signal(signal.SIGCONT)
        said, _ = await asyncio.wait_for(worker.communicate(b"go on\n"), BOUND)
        assert int(said) == pb.ACK_STATUS_LEASE_LOST
        (stats,) = (await queue.GetJobStats(pb.GetJobStatsRequest(job_ids=[job_id]))).stats
        assert (stats.success, stats.in_progress) == (0, 1)
        ack = pb.AckRequest(acknowledgements=[{"lease_id": second.lease_id, "success": {}}])
        assert (await queue.Ack(ack)).results[0].status == pb.ACK_STATUS_OK
        (stats,) = (await queue.GetJobStats(pb.GetJobStatsRequest(job_ids=[job_id]))).stats
        assert (stats.success, stats.in_progress) == (1, 0)
