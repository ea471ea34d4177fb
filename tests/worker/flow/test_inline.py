"""Configurations that come with a start: refused by default, and with little reach where they are allowed."""

import pytest

import longshore
from import_worker.catalogue import Catalogue
from import_worker.config import parse_inline
from import_worker.errors import ConfigInvalid
from import_worker.settings import Settings
from longshore import ImportState

TEXT = """
version: 1
kind: import
name: brought-along
source: {{ type: rest, base_url: "{source}", retry: {{ attempts: 1 }}, pagination: {{ type: single_page }} }}
resources: [ {{ name: countries, path: countries, data_selector: rows }} ]
assets:
  info_url: {info_url}
  token: ${{env:ASSETS_TOKEN}}
  object_types:
    - name: Country
      resource: countries
      attributes: {{ Code: {{ from: code, identity: true, label: true }} }}
"""


def text(world, **changes):
    return TEXT.format(**({"source": world.source.url, "info_url": world.info_url} | changes))


async def test_a_configuration_in_a_request_is_refused_unless_the_operator_allows_it(world):
    with pytest.raises(longshore.InvalidRequest, match=r"config is refused: .*--allow-inline") as caught:
        await world.imports.start(config=text(world))
    assert [fault.field for fault in caught.value.violations] == ["config"]
    assert [run async for run in world.imports.list()] == []


async def test_a_configuration_in_a_request_reaches_no_private_address(world):
    await world.rest()
    await world.work(allow_inline=True)
    started = await world.imports.start(config=text(world))
    assert started.run.name == "brought-along"
    ended = await world.until(started.run.import_id, lambda run: run.state.terminal)
    assert ended.state is ImportState.FAILED
    assert "127.0.0.1 is not a public address" in ended.failure.message
    assert world.source.requests == []
    assert await world.executions() == []


async def test_it_is_named_by_itself_and_checked_like_a_file(world):
    await world.rest()
    await world.work(allow_inline=True)
    with pytest.raises(longshore.InvalidRequest, match="name must be empty beside a config"):
        await world.imports.start("places", config=text(world))
    with pytest.raises(longshore.ConfigInvalid, match=r"\(inline\):3: kind: must be 'import'"):
        await world.imports.start(config=text(world).replace("kind: import", "kind: exports"))


async def test_a_new_run_in_its_place_asks_for_the_leave_of_the_operator_again(world):
    await world.rest()
    await world.work(allow_inline=True)
    started = await world.imports.start(config=text(world))
    await world.until(started.run.import_id, lambda run: run.state.terminal)
    again = await world.imports.resume(started.run.import_id)
    assert again.name == "brought-along"
    await world.until(again.import_id, lambda run: run.state.terminal)
    await world.rest()
    await world.work()
    with pytest.raises(longshore.InvalidRequest, match="--allow-inline"):
        await world.imports.resume(started.run.import_id)


def test_the_operator_says_which_variables_are_lent(tmp_path):
    env = {"ASSETS_TOKEN": "t", "OTHER": "o"}
    lending = Catalogue(folder=tmp_path, env=env, allow_inline=True, inline_env=("ASSETS_TOKEN",))
    assert lending.inline(GOOD, {}).inline
    with pytest.raises(ConfigInvalid, match=r"the variable OTHER, unless the operator lets it \(--inline-env\)"):
        lending.inline(GOOD.replace("ASSETS_TOKEN", "OTHER"), {})


GOOD = TEXT.format(source="https://source.test/", info_url="https://api.test/info")
ENV = {"ASSETS_TOKEN": "t"}


def test_a_worker_allows_none_unless_it_is_told_to():
    assert not Settings().allow_inline


def test_the_frozen_configuration_remembers_that_it_came_with_a_request():
    config = parse_inline(GOOD, ENV)
    assert config.inline
    assert type(config).model_validate_json(config.model_dump_json()).inline


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("${env:ASSETS_TOKEN}", "${file:/etc/hostname}", "assets.token: an inline configuration reads no files"),
        ("${env:ASSETS_TOKEN}", "${file:/no/such/file}", "assets.token: an inline configuration reads no files"),
        ("path: countries", 'path: "x/${file:/etc/passwd}"', r"resources\[0\].path: an inline configuration reads no"),
        ("${env:ASSETS_TOKEN}", "${env:HOME}", "assets.token: an inline configuration may not use the variable HOME"),
        ("path: countries", 'path: "x/${env:HOME}"', r"resources\[0\].path: an inline configuration may not use the"),
        ("kind: import", "kind: import\ninline: false", "inline: unknown key"),
        (
            "assets:",
            "schedule: { cron: '0 2 * * *' }\nassets:",
            "schedule: an inline configuration starts by no schedule",
        ),
        ("assets:\n", "jsonl:\n  folder: /tmp\n", "jsonl: an inline configuration writes no files"),
    ],
)
def test_what_is_for_operators_only_is_refused_and_no_file_is_looked_for(old, new, message):
    with pytest.raises(ConfigInvalid, match=message) as caught:
        parse_inline(GOOD.replace(old, new), ENV)
    assert "cannot be read" not in str(caught.value)


def test_a_file_cannot_say_that_it_is_inline_or_not(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD.replace("kind: import", "kind: import\ninline: false"))
    with pytest.raises(ConfigInvalid, match="inline: unknown key"):
        Catalogue(folder=tmp_path, env=ENV).load("brought-along", {})
