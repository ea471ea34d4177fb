"""Entries: their keys are allowed ones, and what is written is read back as it was."""

import json
import re

from import_worker.flow.events import Ask, Chunk
from import_worker.ports import TypeOutcome
from import_worker.runs import entries
from import_worker.runs.entries import Lane
from import_worker.runs.ledger import grown
from import_worker.runs.run import Failure, State, Trigger, advance

KEY = re.compile(r"[A-Za-z0-9 :._#/-]{1,500}")


def through_json(value):
    return json.loads(json.dumps(value))


def test_keys_are_those_of_the_design(run):
    keys = [
        entries.run_key(run.import_id),
        entries.config_key(run.import_id),
        entries.lane_key(run.import_id, "regions", 0),
        entries.quarantine_key(run.import_id, "regions", 3, 7),
        entries.active_key(run.destination),
        entries.baseline_key(run.destination),
        entries.listing_key(1.5, run.import_id),
    ]
    assert keys[:6] == [
        f"imp:{run.import_id}:run",
        f"imp:{run.import_id}:config",
        f"imp:{run.import_id}:lane:regions:0",
        f"imp:{run.import_id}:q:regions:3:7",
        "dest:00ff00ff00ff00ff:active",
        "dest:00ff00ff00ff00ff:baseline",
    ]
    assert all(KEY.fullmatch(key) for key in keys)
    assert [entries.is_lock(key) for key in keys[4:6]] == [True, False]
    assert entries.listed_id(keys[6]) == run.import_id


def test_listing_keys_order_by_time():
    ids = ["ffffffff-0000-4000-8000-000000000000", "00000000-0000-4000-8000-000000000000"]
    assert entries.listing_key(999.999, ids[0]) < entries.listing_key(1000.0, ids[1])


def test_a_run_survives_being_written(run):
    full = advance(
        run,
        Trigger.FAIL,
        now=1234.5,
        execution={"cancel": "http://127.0.0.1/x"},
        intent=True,
        waiting_since=1.0,
        throttled_until=2.0,
        failure=Failure(reason="X", message="y"),
        outcomes={"Country": TypeOutcome(created=1, errors=("e",))},
    )
    assert entries.read_run(through_json(entries.write_run(full))) == full
    assert full.state is State.FAILING


def test_a_lane_survives_being_written():
    lane = Lane(
        number=2,
        resource="regions",
        page=4,
        cursor={"version": 1, "position": {"url": "x"}},
        records=9,
        chunks=2,
        objects={"A": 9},
        recent=(5, 4),
    )
    assert entries.read_lane(through_json(entries.write_lane(lane))) == lane


def test_a_lane_stays_small_however_much_it_has_read():
    lane = Lane(
        number=1, resource="regions", cursor={"position": "x" * 100}, opened={"cities": 9}, parents={"cities": 9}
    )
    for page in range(1000):
        lane = grown(lane, sizes=[500] * 4, records=page * 2000, objects={"Region": page * 2000})
    assert lane.chunks == 4000
    assert len(json.dumps(entries.write_lane(lane))) < 2000


def test_a_configuration_survives_and_holds_references_only(config):
    written = through_json(entries.write_config(config))
    assert entries.read_config(written) == config
    assert written["assets"]["token"] == "${env:ASSETS_TOKEN}"


def test_a_destination_is_its_place_and_its_token():
    names = {
        entries.destination_name("http://a/info\n${env:T}"),
        entries.destination_name("http://b/info\n${env:T}"),
        entries.destination_name("http://a/info\n${env:U}"),
    }
    assert len(names) == 3
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in names)


def test_ids_follow_from_what_they_name(run):
    assert entries.import_id_of("r1") == entries.import_id_of("r1") != entries.import_id_of("r2")
    ask = Ask(import_id=run.import_id, number=1, resource="regions", page=3)
    chunk = Chunk(ask=ask, part="0", objects=1, body=b"{}")
    others = [
        Chunk(ask=ask.following(), part="0", objects=1, body=b"{}"),
        Chunk(ask=ask, part="1", objects=1, body=b"{}"),
        Chunk(ask=ask, part="0", objects=1, body=b"{ }"),
    ]
    ids = {chunk.job_id(), *(other.job_id() for other in others)}
    assert len(ids) == 4
    assert chunk.job_id() == Chunk(ask=ask, part="0", objects=1, body=b"{}").job_id()
