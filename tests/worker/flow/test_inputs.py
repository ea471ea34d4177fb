"""Inputs of a start: where they arrive, that they are frozen, and that all faulty ones are named."""

import pytest

import longshore
from longshore import ImportState

from_import = "inputs:\n  size: {{ type: integer }}\n  part: {{ type: string, default: regions }}\nsource:"


def with_inputs(text):
    return text.replace("source:", from_import, 1).replace("path: regions,", 'path: "${{input:part}}",')


async def test_inputs_of_a_start_reach_the_requests_and_a_resume_has_them_too(world, config_text):
    world.configure(with_inputs(config_text))
    run = await world.run(inputs={"size": "7", "part": "regions"})
    assert (run.state, run.failure) == (ImportState.SUCCEEDED, None)
    assert {resource for resource, _ in world.source.requests} == {"regions", "countries"}
    frozen = await world.client.kv.get(f"imp:{run.import_id}:config")
    assert {name: each["default"] for name, each in frozen["inputs"].items()} == {"size": 7, "part": "regions"}
    again = await world.imports.resume(run.import_id)
    again = await world.until(again.import_id, lambda run: run.state.terminal)
    assert again.state is ImportState.SUCCEEDED


async def test_all_faulty_inputs_of_a_start_are_named(world, config_text):
    world.configure(with_inputs(config_text))
    with pytest.raises(longshore.InvalidRequest) as caught:
        await world.imports.start("places", inputs={"prt": "x"})
    assert "input 'prt' is none of this import; did you mean 'part'?" in caught.value.message
    assert "input 'size' has no value: give one of type integer" in caught.value.message
