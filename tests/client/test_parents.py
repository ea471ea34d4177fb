"""Parents: what a handler pushes is its event's child, without being told so, and never a child of a settled event."""

import asyncio

import grpc
import pytest

import longshore
from longshore.v1 import queue_service_pb2

GROUP = "00000000-0000-7000-8000-000000000001"


@pytest.fixture
def handling(consuming, fake, delivery):
    """Handle deliveries by a function of the event, and answer what it returned for each, in order."""

    async def handle_all(handler, *leases):
        results = {lease: asyncio.get_running_loop().create_future() for lease in leases}

        async def handle(event):
            try:
                results[event.lease_id].set_result(await handler(event))
            except BaseException as error:
                results[event.lease_id].set_exception(error)
                raise

        consuming(handle)
        stream = await fake.streams.get()
        stream.send(*(delivery(lease) for lease in leases))
        answers = [await result for result in results.values()]
        for _ in leases:
            await fake.acks.get()
        return answers

    return handle_all


def pushes(fake):
    return {push.queue: push for request in fake.requests["BatchPush"] for push in request.pushes}


def parents(fake):
    return {queue: push.parent_lease_id for queue, push in pushes(fake).items()}


async def test_what_a_handler_pushes_is_its_child_also_from_tasks_that_it_starts(client, fake, handling):
    async def handle(event):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(client.queue(f"task-of-{event.lease_id}").push(1))
        await client.queue(f"many-of-{event.lease_id}").push_many([longshore.NewEvent(1), longshore.NewEvent(2)])

    await client.queue("before").push(0)
    await handling(handle, "lease-1", "lease-2")
    await client.queue("after").push(0)
    assert parents(fake) == {
        "before": "",
        "task-of-lease-1": "lease-1",
        "task-of-lease-2": "lease-2",
        "many-of-lease-1": "lease-1",
        "many-of-lease-2": "lease-2",
        "after": "",
    }
    # They went together, each with its own parent.
    assert any(len({push.parent_lease_id for push in request.pushes}) == 2 for request in fake.requests["BatchPush"])


async def test_a_given_parent_counts_and_none_is_nobody(client, fake, handling):
    earlier = []

    async def handle(event):
        earlier.append(event)
        await client.queue("unrelated").push(1, parent=None)
        await client.queue("of-the-first").push_many([longshore.NewEvent(1)], parent=earlier[0])

    await handling(handle, "lease-1", "lease-2")
    assert parents(fake) == {"unrelated": "", "of-the-first": "lease-1"}


async def test_groups_and_commits_of_a_handler_are_its_children_too(client, fake, handling):
    async def create(request, context):
        return queue_service_pb2.CreateGroupResponse()

    async def handle(event):
        await client.group(GROUP, on_complete=("done", 1)).create()
        await client.group().create(parent=None)
        async with client.commit() as tx:
            tx.push("found", 1)
            tx.push_many("unrelated", [longshore.NewEvent(1)], parent=None)
        async with event.commit() as tx:
            tx.push("own", 1)

    fake.answers["CreateGroup"] = create
    consumed = asyncio.ensure_future(handling(handle, "lease"))
    for _ in range(2):
        await fake.arrivals["Commit"].get()
    consumed.cancel()
    assert [request.parent_lease_id for request in fake.requests["CreateGroup"]] == ["lease", ""]
    assert [push.parent_lease_id for push in fake.requests["Commit"][0].pushes] == ["lease", ""]
    assert [push.parent_lease_id for push in fake.requests["Commit"][1].pushes] == ["lease"]


async def test_pushes_to_another_service_have_nothing_to_do_with_it(fake, handling):
    async def handle(event):
        async with longshore.connect(f"localhost:{fake.port}") as other:
            await other.queue("elsewhere").push(1)
        async with longshore.connect(fake.address) as same:
            await same.queue("here").push(1)

    await handling(handle, "lease")
    assert parents(fake) == {"elsewhere": "", "here": "lease"}


async def test_a_task_that_outlives_its_handler_pushes_for_itself(client, fake, handling):
    ended = asyncio.Event()

    async def later():
        await ended.wait()
        await client.queue("later").push(1)

    async def handle(event):
        return asyncio.ensure_future(later())

    [task] = await handling(handle, "lease")
    ended.set()
    await task
    assert parents(fake) == {"later": ""}


async def test_after_its_commit_a_handler_pushes_for_itself(client, fake, consuming, delivery):
    done = asyncio.Event()

    async def handle(event):
        async with event.commit():
            pass
        await client.queue("later").push(1)
        done.set()

    consuming(handle)
    (await fake.streams.get()).send(delivery("lease"))
    await done.wait()
    assert parents(fake) == {"later": ""}


@pytest.mark.parametrize("what", ["push", "group"])
async def test_what_was_under_way_when_its_handler_ended_well_is_sent_again_without_a_parent(
    client, fake, handling, fail_call, what
):
    waiting, settled = asyncio.Event(), asyncio.Event()

    async def lose(request, context):
        method = "BatchPush" if what == "push" else "CreateGroup"
        parent = (request.pushes[0] if what == "push" else request).parent_lease_id
        if parent:
            waiting.set()
            await settled.wait()
            await fail_call(context, grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_LEASE_LOST")
        return await fake.defaults[method](request, context) if what == "push" else create_answer

    async def handle(event):
        push = client.queue("work").push(1) if what == "push" else client.group(GROUP).create()
        task = asyncio.ensure_future(push)
        await waiting.wait()
        return task

    create_answer = queue_service_pb2.CreateGroupResponse()
    fake.answers["BatchPush"] = fake.answers["CreateGroup"] = lose
    [task] = await handling(handle, "lease")
    settled.set()
    await task
    if what == "push":
        first, second = (request.pushes[0] for request in fake.requests["BatchPush"])
        assert first.job_id == second.job_id
    else:
        first, second = fake.requests["CreateGroup"]
    assert (first.parent_lease_id, second.parent_lease_id) == ("lease", "")


@pytest.mark.parametrize("given", [True, False])
async def test_a_lost_lease_refuses_the_push(client, fake, consuming, delivery, fail_call, given):
    async def lose(request, context):
        await fail_call(context, grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_LEASE_LOST")

    refused = asyncio.get_running_loop().create_future()

    async def handle(event):
        with pytest.raises(longshore.LeaseLost) as caught:
            await client.queue("work").push(1, **({"parent": event} if given else {}))
        refused.set_result(caught.value)

    fake.answers["BatchPush"] = lose
    consuming(handle)
    (await fake.streams.get()).send(delivery("lease"))
    assert (await refused).reason == "ERROR_REASON_LEASE_LOST"
    assert len(fake.requests["BatchPush"]) == 1
