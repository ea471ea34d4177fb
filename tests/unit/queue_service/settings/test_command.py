"""`longshore serve` and its settings: what it says, and how it ends."""

import os

import pytest
from click.testing import CliRunner

from longshore import connect
from longshore.errors import InvalidRequest
from queue_service.__main__ import serve
from queue_service.settings import Settings, as_toml

BAD = """
[limits]
payload_bite = 5
lease_min = "2h"
"""


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs the command in a folder of its own, without variables of Longshore but those given."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("LONGSHORE_")]:
        monkeypatch.delenv(name)
    return lambda *arguments, **environment: CliRunner().invoke(serve, arguments, env=environment)


def test_faulty_settings_end_it_before_anything_is_made(run, tmp_path):
    (tmp_path / "bad.toml").write_text(BAD)
    result = run("--config", "bad.toml", "--log-level", "LOUD", LONGSHORE_RETRY_MAX_ATTEMPTS="0")
    assert result.exit_code == 2
    assert result.output.splitlines() == [
        "Error: 4 settings are faulty:",
        "  bad.toml:3: there is no setting limits.payload_bite; did you mean limits.payload_bytes?",
        "  LONGSHORE_RETRY_MAX_ATTEMPTS: retry.max_attempts must be a whole number, 1 to 1,000; it is '0'",
        "  --log-level: must be DEBUG, INFO, WARNING or ERROR; it is 'LOUD'",
        "  bad.toml:4: limits.lease_min = 2h, limits.lease_default = 1m: the first must not be above the second",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["bad.toml"]


def test_the_settings_in_force_are_printed_and_nothing_is_served(run, tmp_path):
    result = run("--print-config")
    assert (result.exit_code, result.output) == (0, as_toml(Settings(), {}))
    assert not list(tmp_path.iterdir())


def test_the_file_may_be_named_in_the_environment(run, tmp_path):
    (tmp_path / "good.toml").write_text("[limits]\nsettles = 5\n")
    result = run("--print-config", "--set", "limits.id_bytes=64B", LONGSHORE_CONFIG="good.toml")
    assert "settles = 5  # good.toml:2\n" in result.output
    assert 'id_bytes = "64B"  # --set limits.id_bytes\n' in result.output


def test_the_help_names_variables_and_defaults(run):
    text = " ".join(run("--help").output.split())
    assert "[env var: LONGSHORE_ADDRESS; default: 127.0.0.1:50051]" in text
    assert "LONGSHORE_CONFIG" in text


async def test_a_broker_keeps_to_the_settings_it_was_started_with(service, tmp_path):
    (tmp_path / "small.toml").write_text('[limits]\npayload_bytes = "10B"\nkv_writes_per_second = 1\n')
    broker = service(
        "queue_service", "--address", "127.0.0.1:0", LONGSHORE_CONFIG="small.toml", LONGSHORE_DATABASE="small.db"
    )
    async with connect(await broker.start()) as client:
        await client.queue("q").push("12345678")
        with pytest.raises(InvalidRequest, match="may have 10 bytes, has 11"):
            await client.queue("q").push("123456789")
    assert (tmp_path / "small.db").exists()
    assert await broker.end() == 0
