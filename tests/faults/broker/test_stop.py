"""SIGTERM while streams are open and pushes are under way."""

import asyncio
import sqlite3
import uuid
from contextlib import closing

import grpc
import pytest

import longshore
from longshore.v1 import queue_service_pb2 as pb, queue_service_pb2_grpc

BOUND = 20.0


async def test_a_graceful_stop_keeps_what_was_promised_and_tells_the_streams(service, tmp_path):
    broker = service("queue_service", "--address", "127.0.0.1:0", "--database", "broker.db")
    promised, refused, enough = set(), [], asyncio.Event()

    async with grpc.aio.insecure_channel(await broker.start()) as channel:
        queue = queue_service_pb2_grpc.QueueServiceStub(channel)

        async def pusher():
            while True:
                job_id = uuid.uuid4()
                request = pb.PushRequest(queue="q", events=[{"payload": {"json": "1"}}] * 3, job_id=str(job_id))
                try:
                    await queue.Push(request, timeout=BOUND)
                except grpc.aio.AioRpcError as error:
                    refused.append(error.code())
                    return
                promised.add(job_id.bytes)
                if len(promised) == 200:
                    enough.set()

        async def reader():
            call = queue.StreamEvents(pb.StreamEventsRequest(subscriptions=[{"queue": "q"}], max_in_flight=20))
            return [response.notice async for response in call]

        streams = [asyncio.ensure_future(reader()) for _ in range(3)]
        pushers = [asyncio.ensure_future(pusher()) for _ in range(8)]
        await asyncio.wait_for(enough.wait(), BOUND)
        assert await broker.end() == 0
        await asyncio.wait_for(asyncio.gather(*pushers), BOUND)
        notices = await asyncio.wait_for(asyncio.gather(*streams), BOUND)

    # CANCELLED: it had arrived and was not begun.
    assert set(refused) <= {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    assert [seen[-1] for seen in notices] == [pb.STREAM_NOTICE_DRAINING] * 3
    assert not (tmp_path / "broker.db-wal").exists()  # moved into the file
    with closing(sqlite3.connect(f"file:{tmp_path / 'broker.db'}?mode=ro", uri=True)) as connection:
        stored = {row[0] for row in connection.execute("SELECT job_id FROM job WHERE events = 3")}
        events = connection.execute("SELECT count(*) FROM event").fetchone()[0]
        leased = connection.execute("SELECT count(*) FROM event WHERE state = 2").fetchone()[0]
    assert promised <= stored
    assert events == 3 * len(stored)
    assert leased <= 60  # the streams' credits; what was not sent went back


async def test_clients_push_on_through_a_restart(service, tmp_path):
    broker = service("queue_service", "--address", "127.0.0.1:0", "--database", "broker.db")
    address = await broker.start()
    pushed, enough, restarted = [], asyncio.Event(), asyncio.Event()

    async def pusher():
        async with longshore.connect(address) as client:
            queue = client.queue("q")
            last = False
            while not last:
                last = restarted.is_set()
                pushed.append((await queue.push(1)).job_id)
                if len(pushed) >= 200:
                    enough.set()

    pushers = [asyncio.ensure_future(pusher()) for _ in range(12)]
    await asyncio.wait_for(enough.wait(), BOUND)
    assert await broker.end() == 0
    await broker.start()
    restarted.set()
    await asyncio.wait_for(asyncio.gather(*pushers), BOUND)
    with closing(sqlite3.connect(f"file:{tmp_path / 'broker.db'}?mode=ro", uri=True)) as connection:
        stored = [str(uuid.UUID(bytes=row[0])) for row in connection.execute("SELECT job_id FROM job")]
    assert sorted(stored) == sorted(pushed)


async def test_a_stop_while_nothing_happens(service):
    broker = service("queue_service", "--address", "127.0.0.1:0", "--database", "broker.db")
    await broker.start()
    assert await broker.end() == 0


async def test_a_second_process_on_the_same_file_says_why_it_ends(service):
    first = service("queue_service", "--address", "127.0.0.1:0", "--database", "broker.db")
    await first.start()
    second = service("queue_service", "--address", "127.0.0.1:0", "--database", "broker.db")
    with pytest.raises(AssertionError, match="in use by another broker: stop that one, or name another file"):
        await second.start()
    assert await second._process.wait() == 1
    assert first.running


async def test_a_process_whose_address_is_taken_says_so(service):
    first = service("queue_service", "--address", "127.0.0.1:0", "--database", "first.db")
    address = await first.start()
    second = service("queue_service", "--address", address, "--database", "second.db")
    with pytest.raises(AssertionError, match=f"cannot listen on {address}"):
        await second.start()
    assert await second._process.wait() == 1
