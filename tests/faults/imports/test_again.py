"""A second run: it carries over what changed, removes what is gone, and refuses a source that lost too much."""

import sqlite3
from contextlib import closing
from dataclasses import replace

from import_worker.demo.verify import compare


def change(database, *statements):
    with closing(sqlite3.connect(database)) as connection, connection:
        return [connection.execute(statement).rowcount for statement in statements]


def outcomes(run):
    return {
        each.object_type: (each.created, each.updated, each.identical, each.removed)
        for each in run.progress.object_types
    }


async def test_the_second_run_carries_over_what_changed(make_iso, database, subset):
    iso = await make_iso()
    iso.source.after = iso.unmarked
    countries, subdivisions = len(subset.countries), len(subset.subdivisions)
    parents = {row["parent_code"] for row in subset.subdivisions}
    gone = next(row["code"] for row in subset.subdivisions if row["code"] not in parents)
    first = await iso.stage.run("iso")
    assert outcomes(first) == {"Country": (countries, 0, 0, 0), "Subdivision": (subdivisions, 0, 0, 0)}
    keys = {each["identity"][0]: each["key"] for each in (await iso.stage.objects())["Country"]}

    again = await iso.stage.run("iso")
    assert outcomes(again) == {"Country": (0, 0, countries, 0), "Subdivision": (0, 0, subdivisions, 0)}

    change(
        database,
        "UPDATE countries SET name = 'Noreg ''N''' WHERE alpha_2 = 'NO'",
        f"DELETE FROM subdivisions WHERE code = '{gone}'",
        "INSERT INTO subdivisions VALUES ('NO-99', 'Ny', 'county', 'NO', NULL)",
    )
    third = await iso.stage.run("iso")
    assert outcomes(third) == {"Country": (0, 1, countries - 1, 0), "Subdivision": (1, 0, subdivisions - 1, 1)}
    new = {"code": "NO-99", "name": "Ny", "type": "county", "country_code": "NO", "parent_code": None}
    changed = replace(
        subset,
        countries=[{**row, "name": "Noreg 'N'"} if row["alpha_2"] == "NO" else row for row in subset.countries],
        subdivisions=[*(row for row in subset.subdivisions if row["code"] != gone), new],
    )
    objects = await iso.stage.objects()
    assert compare(changed, objects).differences == ()
    assert {each["identity"][0]: each["key"] for each in objects["Country"]} == keys


async def test_a_source_that_shrank_is_refused(make_iso, database, subset):
    iso = await make_iso()
    iso.source.after = iso.unmarked
    assert (await iso.stage.run("iso")).state == "SUCCEEDED"
    before = await iso.stage.objects()
    half = len(subset.subdivisions) // 2
    change(database, f"DELETE FROM subdivisions WHERE rowid IN (SELECT rowid FROM subdivisions LIMIT {half})")
    said = await iso.stage.command("import", "run", "iso")
    assert said.code == 1
    left, whole = len(subset.subdivisions) - half, len(subset.subdivisions)
    assert said.err.startswith(f"TOO_FEW_OBJECTS: Subdivision has {left} objects and had {whole} in the last good run")
    assert "--accept-shrink" in said.err
    assert [each["state"] for each in await iso.stage.executions()] == ["DONE", "CANCELLED"]
    assert await iso.stage.objects() == before
