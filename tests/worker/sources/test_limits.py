"""Limits of a source: shared by workers through one board, exact in every window, paused by what the source says."""

import asyncio
from bisect import bisect_left

import pytest

from import_worker.errors import Throttled
from import_worker.ports import Note

ROWS = [{"id": 1}]


@pytest.fixture
def times(server, replies, clock):
    """When requests arrived, by the clock of the test."""
    found = []

    async def note(writer):
        found.append(clock.now())
        await replies.answer(ROWS)(writer)

    server.on("/items", note)
    return found


def limited(**limit):
    return {"rate_limit": limit}


async def read_on(source):
    """Read until the source lets nothing through; for how long."""
    while True:
        try:
            await source.read("items", None)
        except Throttled as problem:
            return problem.after


@pytest.mark.parametrize(
    ("requests", "windows"),
    [
        ("5/s", [(5, 1)]),
        (["5/s", "20/m"], [(5, 1), (20, 60)]),
        (["300/5m", "90/m", "7/2s"], [(300, 300), (90, 60), (7, 2)]),
    ],
)
async def test_two_workers_never_exceed_any_window_together(server, open_source, times, clock, requests, windows):
    source = {**limited(requests=requests), "retry": {"max_inline_wait": 0}}
    workers = [open_source(server.url, source=source) for _ in range(2)]
    end = clock.now() + 120
    while clock.now() < end:
        # The clock moves while nothing is under way, so that a request arrives when it was sent.
        clock.time += min(await asyncio.gather(*map(read_on, workers)))
    for most, seconds in windows:
        for index, begin in enumerate(times):
            assert bisect_left(times, begin + seconds) - index <= most
    slowest = min(most / seconds for most, seconds in windows)
    assert len(times) >= 0.7 * slowest * 120


async def test_sources_with_other_credentials_have_a_budget_of_their_own(server, open_source, times, clock):
    def source(name):
        auth = {"type": "bearer", "token": f"${{env:{name}}}"}
        return open_source(server.url, env={"A": "aaaa", "B": "bbbb"}, source={**limited(requests="1/h"), "auth": auth})

    await source("A").read("items", None)
    await source("B").read("items", None)
    with pytest.raises(Throttled) as caught:
        await source("A").read("items", None)
    assert 3600 < caught.value.after < 3600 * 1.04
    assert len(times) == 2


async def test_a_short_wait_is_waited_in_place_and_a_long_one_releases_the_step(server, open_source, times, waits):
    source = open_source(server.url, source={**limited(requests="1/2s"), "retry": {"max_inline_wait": "5s"}})
    await source.read("items", None)
    with pytest.raises(Throttled, match=r"may be asked again in 2\.\d+ s, by its rate limit") as caught:
        await source.read("items", None)  # the clock stands still, so waiting in place never ends
    assert 2 < caught.value.after < 2.4
    assert sum(waits) <= 5
    assert len(waits) == 2
    assert len(times) == 1


async def test_retries_pages_and_tokens_all_cost_permits(server, start_server, replies, open_source, clock):
    tokens = await start_server()
    tokens.on("/token", replies.answer({"access_token": "t0ken-1"}))
    server.on("/items", replies.status(500), replies.status(302, Location="/moved"))
    server.on("/moved", replies.answer(ROWS))
    auth = {"type": "oauth2_client_credentials", "client_id": "c", "client_secret": "${env:S}"}
    source = {
        **limited(requests="4/h"),
        "auth": {**auth, "access_token_url": f"{tokens.url}/token"},
        "retry": {"max_inline_wait": 0},
    }
    opened = open_source(server.url, env={"S": "s3cret"}, source=source)
    await opened.read("items", None)  # a token, a failure, a redirect and its target
    with pytest.raises(Throttled):
        await opened.read("items", None)
    assert (len(tokens.asked), len(server.asked)) == (1, 3)


async def test_a_busy_worker_takes_permits_ahead_and_an_idle_one_does_not(server, open_source, times, clock, board):
    source = open_source(server.url, source=limited(requests="10000/m"))
    for _ in range(500):
        await source.read("items", None)
    assert board.version <= 20
    (note,) = board.notes.values()
    granted = sum(count for _, count in note.value["granted"][0][1])
    assert 500 <= granted <= 500 + 64
    for _ in range(10):
        clock.time += 30
        await source.read("items", None)
    (note,) = board.notes.values()
    assert sum(count for _, count in note.value["granted"][0][1]) <= 10


async def test_no_more_requests_at_a_time_than_the_source_takes(server, replies, open_source):
    running, most, done = set(), [], asyncio.Event()

    async def hold(writer):
        running.add(writer)
        most.append(len(running))
        if len(most) == 3:
            done.set()
        await done.wait()
        running.remove(writer)
        await replies.answer(ROWS)(writer)

    server.on("/items", hold)
    source = open_source(server.url, source=limited(max_concurrency=3))
    await asyncio.gather(*(source.read("items", None) for _ in range(12)))
    assert max(most) == 3
    assert len(most) == 12


@pytest.mark.parametrize(
    ("status", "headers", "after"),
    [
        (200, {"Backoff": "120"}, 120),
        (200, {"Retry_After": "Sun, 22 Nov 2026 09:56:40 GMT"}, 600),
        (200, {"X_Remaining": "0", "X_Reset": "90"}, 90),
        (429, {"Retry_After": "120"}, 120),
        (429, {"X_Remaining": "0", "X_Reset": "1795340890"}, 90),
        (503, {"Retry_After": "120"}, 120),
        (403, {"X_Remaining": "0", "X_Reset": "90"}, 90),
    ],
)
async def test_a_pause_that_the_source_asks_for_stops_every_worker(
    server, replies, open_source, clock, status, headers, after
):
    """The request that was told, and the next ones of all workers, until the pause is over."""
    limit = {"remaining_header": "X-Remaining", "reset_header": "X-Reset"}
    body = b'[{"id": 1}]'
    server.on("/items", replies.status(status, body, **headers), replies.answer(ROWS))
    one, other = (open_source(server.url, source=limited(**limit)) for _ in range(2))
    if status == 200:
        assert (await one.read("items", None)).records == ROWS
    else:
        with pytest.raises(Throttled, match=f"answered {status}.* asks to wait {after} s") as caught:
            await one.read("items", None)
        assert caught.value.after == after
    for worker in (one, other):
        with pytest.raises(Throttled, match="may be asked again") as caught:
            await worker.read("items", None)
        assert caught.value.after == after
    assert len(server.asked) == 1
    clock.time += after
    for worker in (one, other):
        assert (await worker.read("items", None)).records == ROWS


async def test_a_pause_reaches_a_worker_that_holds_permits_within_their_life(server, replies, open_source, clock):
    server.on("/items", replies.answer(ROWS))
    source = limited(requests="1000/m")
    busy, told = (open_source(server.url, source=source) for _ in range(2))
    for _ in range(40):
        await busy.read("items", None)
    server.on("/items", replies.answer(ROWS, Backoff="60"), replies.answer(ROWS))
    await told.read("items", None)
    clock.time += 5.1
    with pytest.raises(Throttled):
        await busy.read("items", None)


async def test_permits_that_came_too_late_are_not_used(server, open_source, times, clock, board):
    """The answer of the board takes longer than they live: asked for again, with a longer life."""
    write = board.write

    async def slow(*args, **options):
        clock.time += 0.5
        return await write(*args, **options)

    board.write = slow
    source = open_source(server.url, source=limited(requests="10/s"))
    for _ in range(3):
        await source.read("items", None)
    assert len(times) == 3


async def test_a_board_where_others_always_win_makes_room_for_them(server, open_source, times, clock, board):
    async def lost(key, value, *, over, life):
        board.version += 1
        board.notes[key] = Note(value=None, version=board.version)

    board.write = lost
    with pytest.raises(Throttled):
        await open_source(server.url, source=limited(requests="10/s")).read("items", None)
    assert times == []


async def test_without_limits_the_board_is_asked_once_a_second_at_most(server, open_source, times, clock, board):
    read, asked = board.read, []

    async def counted(key):
        asked.append(key)
        return await read(key)

    board.read = counted
    source = open_source(server.url)
    for _ in range(30):
        clock.time += 0.1
        await source.read("items", None)
    assert 3 <= len(asked) <= 4
    assert board.version == 0
