"""kill -9 of a broker process while it is used, and what it holds afterwards. LONGSHORE_KILL_RUNS: how often."""

import asyncio
import json
import os
import random
import sqlite3
import uuid
from collections import defaultdict
from contextlib import AsyncExitStack, closing

import grpc
import pytest

from longshore.v1 import queue_service_pb2 as pb, queue_service_pb2_grpc

RUNS = int(os.environ.get("LONGSHORE_KILL_RUNS", "3"))
LINKS = 8
CHAINS = 4
KILLS = 2
BOUND = 20.0
GONE = (grpc.aio.AioRpcError, asyncio.CancelledError)


def text(value):
    return {"payload": {"json": json.dumps(value)}}


class User:
    """Pushes, leases, settles and commits by a seeded script, and remembers what it was promised."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.wanted = {}  # job_id to its request: pushed again until it is promised
        self.promised = {}  # job_id to its number of events
        self.done = set()  # events whose success was promised
        self.held = {}  # lease_id to its delivery
        self.links = defaultdict(set)  # chain and link to the jobs that carried it
        self.promises = 0
        self.enough = 0
        self.reached = asyncio.Event()
        for chain in range(CHAINS):
            self._want("chain", [text([chain, 0])])

    def _want(self, queue, events):
        job_id = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        self.wanted[job_id] = pb.PushRequest(queue=queue, events=events, job_id=job_id)

    def expect(self, more):
        """Tell when so many more promises were made."""
        self.enough = self.promises + more
        self.reached.clear()

    def promise(self):
        """The broker promised something."""
        self.promises += 1
        if self.promises >= self.enough:
            self.reached.set()

    async def push(self, queue):
        """One push; a new one when all others were promised."""
        if not self.wanted:
            self._want("plain", [text(0)] * self.random.randint(1, 5))
        job_id, request = self.random.choice(list(self.wanted.items()))
        answer = await queue.Push(request, timeout=BOUND)
        assert answer.job_id == job_id
        self.wanted.pop(job_id, None)
        self.promised[job_id] = len(request.events)
        self.promise()

    async def work(self, queue, name):
        """Lease what is ready; settle each plain event somehow, and carry chains on. Answers how much it did."""
        request = pb.LeaseEventsRequest(subscriptions=[{"queue": name}], max_events=10)
        for delivery in (await queue.LeaseEvents(request, timeout=BOUND)).deliveries:
            assert delivery.event_id not in self.done, "what was settled came back"
            self.held[delivery.lease_id] = delivery
        mine = [delivery for delivery in self.held.values() if delivery.queue == name]
        for delivery in mine:
            await (self._carry_on(queue, delivery) if name == "chain" else self._settle(queue, delivery))
            self.held.pop(delivery.lease_id, None)
        return len(mine)

    async def _settle(self, queue, delivery):
        outcome = self.random.choice(({"success": {}}, {"success": {}}, {"retry": {"after": {}}}, {"failure": {}}))
        acks = pb.AckRequest(acknowledgements=[{"lease_id": delivery.lease_id, **outcome}])
        result = (await queue.Ack(acks, timeout=BOUND)).results[0]
        assert result.status in {pb.ACK_STATUS_OK, pb.ACK_STATUS_ALREADY_FINAL, pb.ACK_STATUS_LEASE_LOST}
        if "success" in outcome and result.status == pb.ACK_STATUS_OK:
            self.done.add(delivery.event_id)
        self.promise()

    async def _carry_on(self, queue, delivery):
        chain, link = json.loads(delivery.payload.json)
        self.links[chain, link].add(delivery.job_id)
        request = pb.CommitRequest(
            acknowledgements=[{"lease_id": delivery.lease_id, "success": {}}],
            entry_writes=[{"key": f"chain:{chain}", "set": {"payload": {"json": str(link)}}}],
        )
        if link + 1 < LINKS:
            request.pushes.add(queue="chain", events=[text([chain, link + 1])], parent_lease_id=delivery.lease_id)
        try:
            answer = await queue.Commit(request, timeout=BOUND)
        except grpc.aio.AioRpcError as error:
            if error.code() != grpc.StatusCode.FAILED_PRECONDITION:
                raise
            return  # it was committed before the kill, and the answer lost
        self.done.add(delivery.event_id)
        self.promised |= {push.job_id: 1 for push in answer.pushes}
        self.promise()


async def live(user, address, until):
    """Use the broker with several callers at once until it is enough, or it is gone."""
    async with grpc.aio.insecure_channel(address) as channel:
        queue = queue_service_pb2_grpc.QueueServiceStub(channel)

        async def caller(step):
            while user.promises < until:
                await step()

        steps = [lambda: user.push(queue)] * 4
        steps += [lambda: user.work(queue, "plain"), lambda: user.work(queue, "chain")]
        await asyncio.gather(*[caller(step) for step in steps], return_exceptions=True)


async def finish(user, address):
    """Push what was not promised, and work until nothing is ready."""
    async with grpc.aio.insecure_channel(address) as channel:
        queue = queue_service_pb2_grpc.QueueServiceStub(channel)
        while user.wanted:
            await user.push(queue)
        while await user.work(queue, "plain") + await user.work(queue, "chain"):
            pass
        found = {}
        ids = list(user.promised)
        for start in range(0, len(ids), 1_000):
            request = pb.GetJobStatsRequest(job_ids=ids[start : start + 1_000])
            answer = await queue.GetJobStats(request)
            assert list(answer.missing_job_ids) == [], "a promised job is gone"
            found |= {stats.job_id: stats for stats in answer.stats}
        return found


@pytest.mark.parametrize("seed", range(1, RUNS + 1))
async def test_what_was_promised_survives(seed, service, tmp_path):
    broker = service("queue_service", "--address", "127.0.0.1:0", "--database", "broker.db")
    user = User(seed)
    async with AsyncExitStack() as stack:
        for _ in range(KILLS):
            address = await broker.start()
            user.expect(user.random.randint(30, 150))
            using = asyncio.ensure_future(live(user, address, user.enough + 10_000))
            stack.callback(using.cancel)
            await asyncio.wait_for(user.reached.wait(), BOUND)
            await broker.kill()
            await asyncio.wait_for(using, BOUND)
        stats = await finish(user, await broker.start())
        assert await broker.end() == 0

    assert {len(jobs) for jobs in user.links.values()} == {1}, "a chain forked"
    for job_id, events in user.promised.items():
        one = stats[job_id]
        assert one.success + one.in_progress + one.failed + one.cancelled == events
    # What was leased in an answer that got lost waits for its lease to end; everything else is through.
    with closing(sqlite3.connect(f"file:{tmp_path / 'broker.db'}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM event WHERE state = 1").fetchone() == (0,)
        leased = connection.execute("SELECT count(*) FROM event WHERE state = 2").fetchone()[0]
        per_chain = connection.execute("SELECT count(*) FROM entry").fetchone()[0]
        jobs = connection.execute("SELECT count(*) FROM job").fetchone()[0]
    assert leased == sum(one.in_progress for one in stats.values())
    assert per_chain <= CHAINS
    assert jobs == len(user.promised.keys() | {job for jobs in user.links.values() for job in jobs})
    if not leased:
        assert set(user.links) == {(chain, link) for chain in range(CHAINS) for link in range(LINKS)}
