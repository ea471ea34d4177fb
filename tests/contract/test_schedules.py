"""Contract of a store: schedules, and the chore that fires them."""

import asyncio
from dataclasses import replace

import pytest

from queue_service.broker import schedules as module
from queue_service.broker.schedules import DeleteSchedule, FireSchedule, PutSchedule, RunSchedule
from queue_service.domain.errors import InvalidRequest, QueueFull, QueueNotFound, ScheduleNotFound
from queue_service.domain.limits import FIRED_AT_ONCE, Limits
from queue_service.domain.records import Concurrency, NewEvent, Payload
from queue_service.domain.retry import PolicyChange
from queue_service.domain.schedules import Firing, MissedFire, Overlap, ScheduleSpec
from queue_service.domain.states import JobState
from queue_service.maintenance.fire_times import FireTimes
from queue_service.maintenance.maintenance import Maintenance

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
EVENT = NewEvent(payload=Payload(b"{}", is_json=True), attributes={"own": "1"})


class Plan:
    """Schedules of a store, and the chore that fires them. The clock begins at a full hour."""

    def __init__(self, bench):
        self._bench = bench
        self.noon = bench.clock.now()
        self.chore = None

    async def reopen(self):
        """Another process."""
        await self._bench.reopen()
        await self.start()

    async def start(self):
        self.chore = FireTimes(self._bench.store, self._bench.terms)
        await self.chore.start()
        await self.fire()

    def limit(self, **limits):
        self._bench.terms = replace(self._bench.terms, limits=Limits(**limits))
        self.chore._terms = self._bench.terms

    def putting(self, name="s", cron="* * * * *", **values):
        spec = ScheduleSpec(
            **{"name": name, "cron": cron, "time_zone": "UTC", "queue": "q", "events": (EVENT,), **values}
        )
        return PutSchedule(spec, terms=self._bench.terms)

    def put(self, *arguments, **values):
        return self._bench.write(self.putting(*arguments, **values))

    def run(self, name="s"):
        return self._bench.write(RunSchedule(name, terms=self._bench.terms))

    def delete(self, name="s"):
        return self._bench.write(DeleteSchedule(name))

    def get(self, name="s"):
        return self._bench.store.schedules.get(name)

    async def fire(self, after=0):
        """Let time pass and do what is due then. Answers when there is more to do, and the steps that it took."""
        self._bench.clock.step(after)
        steps = 1
        while (due := await self.chore.step(self._bench.clock.now())) is not None and due <= self._bench.clock.now():
            steps += 1
        return due, steps

    async def fired(self, queue="q"):
        """What was pushed since the last time, by fire time; it succeeds."""
        found = await self._bench.claim(queue, 1_000)
        for one in found:
            await self._bench.settle(one.key)
        return [one.attributes["longshore.fire_time"].removeprefix("2027-01-15T") for one in found]


@pytest.fixture
async def plan(bench):
    plan = Plan(bench)
    await plan.start()
    return plan


async def test_a_fire_time(bench, plan):
    """At its fire time a schedule pushes its job, and not before; each event tells schedule and fire time."""
    put = await plan.put(events=(EVENT, replace(EVENT, attributes=None)))
    assert (put.next_fire_time, put.last_fire_time, put.last_job_id) == (plan.noon + MINUTE, None, None)
    assert await plan.fire(MINUTE - 1) == (plan.noon + MINUTE, 1)
    assert await bench.claim() == []
    assert await plan.fire(1) == (plan.noon + 2 * MINUTE, 2)
    first, second = await bench.claim(count=9)
    told = {"longshore.schedule": "s", "longshore.fire_time": "2027-01-15T08:01:00Z"}
    assert (dict(first.attributes), dict(second.attributes)) == ({"own": "1", **told}, told)
    assert first.payload == EVENT.payload
    schedule = await plan.get()
    assert (schedule.last_fire_time, schedule.last_job_id) == (plan.noon + MINUTE, first.job.job_id)
    assert (first.job.root, first.job.depth, first.job.events) == (first.job.job_id, 0, 2)
    assert schedule.skipped == 0


async def test_everything_is_kept(bench, plan):
    """A schedule is after a restart what it was before, with every option of its events."""
    event = NewEvent(
        payload=Payload(b"\0\xff", is_json=False),
        delay=7,
        attributes={"\U0001f600": "'\""},
        priority=9,
        concurrency=Concurrency("key", 3),
        policy=PolicyChange(max_attempts=2, multiplier=1.5),
        expire_after=99,
    )
    later = replace(event, delay=0, not_before_time=plan.noon + DAY)
    await plan.put(
        events=(event, later),
        cron="*/15 2 * * *",
        time_zone="Europe/Berlin",
        overlap=Overlap.ALLOW,
        missed_fire=MissedFire.RUN_ONCE,
    )
    await plan.run()
    before = await plan.get()
    assert before.spec.events == (event, later)
    await plan.reopen()
    assert await plan.get() == before
    assert await plan.get("another") is None


async def test_exactly_once(plan):
    """Each fire time has exactly one job, over restarts at any moment."""
    await plan.put(cron="*/10 * * * * *", overlap=Overlap.ALLOW)
    fired = []
    for _ in range(4):
        await plan.fire(15 * SECOND)
        fired += await plan.fired()
        await plan.reopen()
        fired += await plan.fired()
    assert fired == ["08:00:10Z", "08:00:20Z", "08:00:30Z", "08:00:40Z", "08:00:50Z", "08:01:00Z"]


async def test_the_guard(bench, plan):
    """Of firings that were decided on the same state of a schedule one counts, also if they meet in one turn."""
    put = await plan.put(overlap=Overlap.ALLOW)
    bench.clock.step(MINUTE)
    firing = Firing(fire_time=plan.noon + MINUTE, skipped=0, next_fire_time=plan.noon + 2 * MINUTE)

    def again():
        return FireSchedule(put, firing, terms=bench.terms)

    one, two = await bench.together(again(), again())
    assert (one.job_id is not None, two.job_id) == (True, None)
    assert (await bench.write(again())).job_id is None
    assert await plan.fired() == ["08:01:00Z"]


async def test_a_change_in_between(bench, plan):
    """A firing that was decided before a schedule was put anew or deleted does nothing."""
    first, second = await plan.put("first"), await plan.put("second")
    await plan.put("first", events=(EVENT, EVENT))
    await plan.delete("second")
    firing = Firing(fire_time=plan.noon + MINUTE, skipped=0, next_fire_time=None)
    for former in (first, second):
        await bench.write(FireSchedule(former, firing, terms=bench.terms))
    assert await plan.fired() == []
    assert (await plan.get("first")).next_fire_time == plan.noon + MINUTE
    assert await plan.get("second") is None


async def test_a_late_fire_time(plan):
    """Fire times that are less than a minute old are not missed: each has its job."""
    await plan.put(cron="*/20 * * * * *", overlap=Overlap.ALLOW)
    await plan.fire(MINUTE + 19 * SECOND)
    assert await plan.fired() == ["08:00:20Z", "08:00:40Z", "08:01:00Z"]
    assert (await plan.get()).skipped == 0


@pytest.mark.parametrize(
    ("policy", "fired", "skipped"),
    [(MissedFire.SKIP, ["11:00:00Z"], 11), (MissedFire.RUN_ONCE, ["10:45:00Z", "11:00:00Z"], 10)],
)
async def test_missed_fire_times(bench, plan, policy, fired, skipped):
    """Fire times that passed while no broker ran are left out, or one job stands for all of them, for the latest."""
    await plan.put(cron="*/15 * * * *", missed_fire=policy, overlap=Overlap.ALLOW)
    bench.clock.step(3 * HOUR)
    await plan.reopen()
    assert await plan.fired() == fired
    schedule = await plan.get()
    assert (schedule.skipped, schedule.next_fire_time) == (skipped, plan.noon + 3 * HOUR + 15 * MINUTE)
    assert schedule.last_fire_time == plan.noon + 3 * HOUR


@pytest.mark.parametrize("policy", MissedFire)
async def test_a_clock_that_jumps_ahead(plan, policy):
    """A jump of the clock is as a time without a broker, and floods nothing, however far it goes."""
    await plan.put(cron="* * * * * *", missed_fire=policy)
    due, steps = await plan.fire(3 * 365 * DAY)
    assert steps < 70
    assert due == plan.noon + 3 * 365 * DAY + SECOND
    assert (await plan.get()).skipped > 3 * 365 * 86_400 - 70


class TestOverlap:
    """What happens while the former job is in progress."""

    async def test_skip(self, bench, plan):
        """The fire time is skipped and counted, until the job has ended."""
        await plan.put()
        await plan.fire(MINUTE)
        await plan.fire(MINUTE)
        (former,) = await bench.claim(count=9)
        await plan.fire(MINUTE)
        schedule = await plan.get()
        assert (schedule.skipped, schedule.last_job_id) == (2, former.job.job_id)
        assert schedule.last_fire_time == plan.noon + MINUTE
        await bench.settle(former.key)
        await plan.fire(MINUTE)
        assert await plan.fired() == ["08:04:00Z"]

    async def test_allow(self, plan):
        """Another job is pushed all the same."""
        await plan.put(overlap=Overlap.ALLOW)
        await plan.fire(MINUTE)
        await plan.fire(MINUTE)
        assert await plan.fired() == ["08:01:00Z", "08:02:00Z"]
        assert (await plan.get()).skipped == 0

    async def test_one_turn(self, bench, plan):
        """A job that ends, or goes on, in the turn of the fire time is seen as it is then."""
        await plan.put(events=(EVENT, EVENT))
        await plan.fire(MINUTE)
        first, second = await bench.claim(count=9)
        for settled, job_follows in ((first, False), (second, True)):
            schedule = await plan.get()
            due = schedule.next_fire_time
            bench.clock.step(MINUTE)
            firing = Firing(fire_time=due, skipped=0, next_fire_time=due + MINUTE)
            _, fired = await bench.together(
                bench.settling((settled.key,)), FireSchedule(schedule, firing, terms=bench.terms)
            )
            assert (fired.job_id is not None) is job_follows

    async def test_of_a_job_that_was_asked_for(self, plan):
        """A job that was asked for is a former job too."""
        await plan.put()
        await plan.run()
        await plan.fire(MINUTE)
        assert await plan.fired() == ["08:00:00Z"]
        assert (await plan.get()).skipped == 1


class TestPause:
    """A paused schedule has no fire times."""

    async def test_pause(self, plan):
        """What passes while it is paused is not missed; it goes on from the instant at which it is put unpaused."""
        await plan.put(missed_fire=MissedFire.RUN_ONCE)
        assert (await plan.put(missed_fire=MissedFire.RUN_ONCE, paused=True)).next_fire_time is None
        assert await plan.fire(DAY) == (None, 1)
        await plan.reopen()
        put = await plan.put(missed_fire=MissedFire.RUN_ONCE)
        assert (put.next_fire_time, put.skipped) == (plan.noon + DAY + MINUTE, 0)
        await plan.fire(MINUTE)
        assert len(await plan.fired()) == 1

    async def test_paused_from_the_beginning(self, plan):
        """It may be paused when it is created, and while it is, whatever else is put."""
        assert (await plan.put(paused=True)).next_fire_time is None
        assert (await plan.put(paused=True, cron="0 * * * *")).next_fire_time is None

    async def test_a_fire_time_that_has_come(self, plan):
        """A fire time that has come and was not seen yet does not happen once it is paused."""
        await plan.put()
        plan._bench.clock.step(MINUTE)
        await plan.put(paused=True)
        await plan.fire()
        assert await plan.fired() == []


class TestRun:
    """A schedule's job may be asked for."""

    async def test_run(self, bench, plan):
        """It is pushed now, with an id of its own each time, whatever pause and overlap say."""
        await plan.put(paused=True)
        bench.clock.step(5)
        jobs = [await plan.run() for _ in range(2)]
        delivered = await bench.claim(count=9)
        assert [one.job.job_id for one in delivered] == jobs
        assert len(set(jobs)) == 2
        assert {one.attributes["longshore.fire_time"] for one in delivered} == {"2027-01-15T08:00:00.005Z"}
        assert (await plan.get()).last_job_id == jobs[1]

    async def test_it_is_no_fire_time(self, plan):
        """Next and last fire time stay as they are."""
        await plan.put()
        await plan.run()
        schedule = await plan.get()
        assert (schedule.next_fire_time, schedule.last_fire_time) == (plan.noon + MINUTE, None)

    async def test_refused(self, plan):
        """What its queue does not take is refused, and changes nothing."""
        put = await plan.put()
        plan.limit(max_pending=1)
        await plan.run()
        last = await plan.get()
        with pytest.raises(QueueFull):
            await plan.run()
        assert await plan.get() == last != put
        with pytest.raises(ScheduleNotFound):
            await plan.run("another")


class TestReplace:
    """A schedule of the same name is replaced."""

    async def test_other_content(self, bench, plan):
        """Other content keeps the fire times, the counts and the time of creation."""
        await plan.put()
        await plan.fire(MINUTE)
        before = await plan.get()
        bench.clock.step(30 * SECOND)
        put = await plan.put(events=(EVENT,) * 2, queue="elsewhere", overlap=Overlap.ALLOW)
        assert put == replace(before, spec=put.spec, update_time=bench.clock.now())
        assert put == await plan.get()
        await plan.fire(30 * SECOND)
        assert await plan.fired("elsewhere") == ["08:02:00Z"] * 2

    async def test_a_fire_time_that_has_come(self, bench, plan):
        """A fire time that has come and was not seen yet is not lost by putting the same times again."""
        await plan.put()
        bench.clock.step(MINUTE + SECOND)
        await plan.put(overlap=Overlap.ALLOW)
        await plan.fire()
        assert await plan.fired() == ["08:01:00Z"]

    async def test_other_times(self, bench, plan):
        """Other times count from now."""
        await plan.put()
        bench.clock.step(MINUTE)
        assert (await plan.put(cron="0 * * * *")).next_fire_time == plan.noon + HOUR
        put = await plan.put(cron="0 * * * *", time_zone="Asia/Kolkata")
        assert put.next_fire_time == plan.noon + HOUR // 2
        await plan.fire(HOUR // 2 - MINUTE)
        assert await plan.fired() == ["08:30:00Z"]

    async def test_in_one_turn(self, bench, plan):
        """Puts, runs and deletes of one turn see one another."""
        put, job_id, deleted, again = await bench.together(
            plan.putting(), RunSchedule("s", terms=bench.terms), DeleteSchedule("s"), DeleteSchedule("s")
        )
        assert (put.next_fire_time, len(job_id), deleted, again) == (plan.noon + MINUTE, 16, True, False)
        await bench.together(DeleteSchedule("s"), plan.putting(cron="0 * * * *"))
        assert (await plan.get()).spec.cron == "0 * * * *"


async def test_delete(bench, plan):
    """A deleted schedule fires no more; its jobs stay. One of its name begins anew. Deleting nothing is OK."""
    await plan.put()
    await plan.fire(MINUTE)
    assert await plan.delete()
    assert not await plan.delete()
    await plan.reopen()
    assert await plan.get() is None
    assert await plan.fire(MINUTE) == (None, 1)
    assert await plan.fired() == ["08:01:00Z"]
    put = await plan.put()
    assert (put.last_job_id, put.skipped, put.create_time) == (None, 0, plan.noon + 2 * MINUTE)
    await plan.fire(MINUTE)
    assert await plan.fired() == ["08:03:00Z"]


class TestRefused:
    """A queue that takes no jobs breaks nothing: fire times are skipped, which is logged once."""

    async def test_a_full_queue(self, plan, caplog):
        """Others fire all the same, and it fires again when there is room."""
        await plan.put("blocked", overlap=Overlap.ALLOW)
        await plan.put("free", queue="elsewhere", overlap=Overlap.ALLOW)
        plan.limit(max_pending=1)
        for _ in range(3):
            await plan.fire(MINUTE)
            await plan.fired("elsewhere")
        blocked, free = await plan.get("blocked"), await plan.get("free")
        assert (blocked.skipped, free.skipped) == (2, 0)
        assert blocked.next_fire_time == free.next_fire_time == plan.noon + 4 * MINUTE
        assert caplog.text.count("schedule blocked skips fire times") == 1
        assert await plan.fired() == ["08:01:00Z"]
        await plan.fire(MINUTE)
        await plan.fire(MINUTE)
        assert await plan.fired() == ["08:04:00Z"]
        assert caplog.text.count("schedule blocked skips fire times") == 2

    async def test_no_queue(self, plan, caplog):
        """Where pushes do not create queues, a schedule needs one to be put, and skips when it is gone."""
        plan.limit(create_queues=False)
        with pytest.raises(QueueNotFound):
            await plan.put()
        plan.limit()
        await plan.put()
        plan.limit(create_queues=False)
        await plan.fire(MINUTE)
        assert (await plan.get()).skipped == 1
        assert "there is no queue 'q'" in caplog.text

    async def test_a_nearly_full_disk(self, bench, plan, monkeypatch, caplog):
        """While the disk is nearly full nothing is pushed, and the fire time passes."""
        await plan.put(missed_fire=MissedFire.RUN_ONCE)
        with monkeypatch.context() as patch:
            patch.setattr(bench.store._disk, "is_low", lambda: True)
            due, _ = await plan.fire(2 * MINUTE)
        assert due == plan.noon + 3 * MINUTE
        schedule = await plan.get()
        assert (schedule.skipped, schedule.last_job_id) == (2, None)
        assert caplog.text.count("skips fire times") == 1
        await plan.fire(MINUTE)
        assert await plan.fired() == ["08:03:00Z"]


async def test_concurrency_keys(bench, plan):
    """The limits of keys hold for events of schedules."""
    await plan.put(events=(replace(EVENT, concurrency=Concurrency("k", 1)),) * 2, overlap=Overlap.ALLOW)
    await plan.fire(MINUTE)
    await plan.fire(MINUTE)
    for _ in range(4):
        (delivered,) = await bench.claim(count=9)
        await bench.settle(delivered.key)
    assert await bench.claim(count=9) == []


async def test_how_many(bench, plan):
    """There are at most so many schedules; those that are there may be replaced."""
    plan.limit(schedules=2)
    await plan.put("a")
    await plan.put("b")
    with pytest.raises(InvalidRequest, match="the broker keeps 2 schedules"):
        await plan.put("c")
    await plan.put("b", paused=True)
    await plan.delete("a")
    await plan.put("c")
    deleted, put, refused = await bench.together(DeleteSchedule("b"), plan.putting("d"), plan.putting("e"))
    assert (deleted, put.spec.name, type(refused)) == (True, "d", InvalidRequest)


async def test_many_at_once(bench, plan):
    """Schedules that are due together fire in bounded steps, the earliest first."""
    names = [f"s{number:03}" for number in range(3 * FIRED_AT_ONCE)]
    await bench.together(*(plan.putting(name) for name in names))
    await plan.put("early", cron="30 * * * * *", queue="early")
    bench.clock.step(MINUTE)
    await plan.chore.step(bench.clock.now())
    assert await plan.fired("early") == ["08:00:30Z"]
    assert len(await plan.fired()) == FIRED_AT_ONCE - 1
    due, steps = await plan.fire()
    assert (due, steps) == (plan.noon + 90 * SECOND, 4)
    assert len(await plan.fired()) == len(names) - FIRED_AT_ONCE + 1


class TestClock:
    """A clock that goes back makes nothing fire twice."""

    async def test_a_little(self, bench, plan, caplog):
        """Schedules wait until it is where it was."""
        await plan.put()
        await plan.fire(MINUTE)
        assert await plan.fired() == ["08:01:00Z"]
        assert await plan.fire(-HOUR) == (plan.noon + 2 * MINUTE, 2)
        assert "the clock went back by 3600 s" in caplog.text
        await plan.fire(HOUR)
        assert await plan.fired() == []
        await plan.fire(MINUTE)
        assert await plan.fired() == ["08:02:00Z"]

    @pytest.mark.parametrize("restart", [True, False])
    async def test_far(self, bench, plan, restart):
        """Where it was wrong by days schedules begin anew, and a fire time that has a job gets no second one."""
        await plan.put(overlap=Overlap.ALLOW)
        await plan.fire(MINUTE)
        assert await plan.fired() == ["08:01:00Z"]
        bench.clock.step(-2 * DAY)
        await (plan.reopen() if restart else plan.fire())
        assert (await plan.get()).next_fire_time == plan.noon - 2 * DAY + 2 * MINUTE
        bench.clock.step(2 * DAY - 2 * MINUTE)
        await plan.fire()
        await plan.fire(MINUTE)
        await plan.fire(MINUTE)
        await plan.fire(MINUTE)
        fired = await plan.fired()
        assert fired[-2:] == ["08:00:00Z", "08:02:00Z"]
        assert "08:01:00Z" not in fired

    async def test_pages(self, bench, plan):
        """However many schedules there are, all of them begin anew."""
        plan.limit(list_page=2)
        for number in range(5):
            await plan.put(f"s{number}")
        assert await plan.fire(-2 * DAY) == (plan.noon - 2 * DAY + MINUTE, 4)
        times = {(await plan.get(f"s{number}")).next_fire_time for number in range(5)}
        assert times == {plan.noon - 2 * DAY + MINUTE}


async def test_an_unknown_time_zone(bench, plan, caplog, monkeypatch):
    """A schedule whose time zone is not known any more stops, and is told; others go on; it may be put again."""
    await plan.put("lost", time_zone="Europe/Berlin")
    await plan.put("fine", queue="elsewhere")
    find = module.ZoneInfo

    def forgets(name):
        if name == "Europe/Berlin":
            raise module.ZoneInfoNotFoundError(name)
        return find(name)

    with monkeypatch.context() as patch:
        patch.setattr(module, "ZoneInfo", forgets)
        await plan.fire(MINUTE)
    assert (await plan.get("lost")).next_fire_time is None
    assert "schedule lost stops until it is put again: there is no time zone 'Europe/Berlin'" in caplog.text
    assert await plan.fired("elsewhere") == ["08:01:00Z"]
    assert (await plan.put("lost", time_zone="Europe/Berlin")).next_fire_time == plan.noon + 2 * MINUTE


async def test_pages(bench, plan):
    """Schedules are listed in order of their names, page by page, bounded in number and in bytes."""
    large = NewEvent(payload=Payload(b"x" * 50_000, is_json=False))
    for name in ("b", "a", "d", "c"):
        await plan.put(name, events=(large,))

    async def page(**values):
        found = await bench.store.schedules.page(**{"after": "", "limit": 9, "max_bytes": 10**6, **values})
        return "".join(schedule.spec.name for schedule in found.schedules), found.more

    assert await page() == ("abcd", False)
    assert await page(limit=4) == ("abcd", False)
    assert await page(limit=3) == ("abc", True)
    assert await page(after="c") == ("d", False)
    assert await page(after="d") == ("", False)
    assert await page(max_bytes=150_000) == ("ab", True)
    assert await page(max_bytes=1) == ("a", True)


async def test_a_job_that_is_cancelled(bench, plan):
    """A cancelled job has ended: the next fire time has its job."""
    await plan.put()
    await plan.fire(MINUTE)
    await bench.cancel_job((await plan.get()).last_job_id)
    await bench.sweep(job_id=(await plan.get()).last_job_id)
    views = await bench.store.get_jobs([(await plan.get()).last_job_id])
    assert [view.job.state for view in views.values()] == [JobState.CANCELLED]
    await plan.fire(MINUTE)
    assert await plan.fired() == ["08:02:00Z"]


async def test_the_loop(bench, plan):
    """Maintenance wakes by itself for a fire time, and when an earlier one is put."""
    chore = FireTimes(bench.store, bench.terms)
    maintenance = Maintenance([chore], bench.store, bench.clock)
    await maintenance.start()
    pushed = asyncio.Queue()
    bench.store.on_commit(lambda work: [pushed.put_nowait(job.push_time) for job in work.changes.new_jobs])
    await plan.put("hourly", cron="0 * * * *")
    await plan.put("soon")
    bench.clock.step(MINUTE - 20)  # the loop sleeps until its fire time as the clock was
    await plan.put("sooner", cron="1 1 8 * * *")  # wakes it
    bench.clock.step(20)
    assert await asyncio.wait_for(pushed.get(), 20) == plan.noon + MINUTE
    bench.clock.step(SECOND)
    await plan.put("now", cron="0 0 * * *")
    assert await asyncio.wait_for(pushed.get(), 20) == plan.noon + MINUTE + SECOND
    await maintenance.stop()
    assert sorted(await plan.fired()) == ["08:01:00Z", "08:01:01Z"]
