"""The command as a process: its ready line, its options, its end."""

import os
import signal
import subprocess
import sys

import httpx
import pytest
from click.testing import CliRunner

from import_worker.sandbox.__main__ import sandbox as command


def test_it_says_where_it_listens_and_ends_well(start_sandbox, document):
    sandbox = start_sandbox("--error-every", "2", "--client-ids", "refused", token="other token")
    headers = {"Authorization": "Bearer other token"}
    links = httpx.get(sandbox.info_url, headers=headers, trust_env=False).raise_for_status().json()["links"]
    assert links["start"].startswith(sandbox.url)
    assert httpx.put(links["mapping"], json=document, headers=headers, trust_env=False).status_code == 204
    assert sandbox.mapping()["mapping"]["objectTypeMappings"][0]["objectTypeName"] == "Country"
    assert sandbox.edit("Country", Code="NO", Name="Norway")["identity"] == ["NO"]
    assert [each["label"] for each in sandbox.objects("Country")] == ["Norway"]
    shown = sandbox.faults(disabled=True)
    assert (shown["error_every"], shown["client_ids"], shown["disabled"]) == (2, "refused", True)
    sandbox.reset()
    assert sandbox.mapping() is None
    assert sandbox.executions() == []
    assert sandbox.stop() == 0


def test_it_ends_well_while_a_call_stalls(sandbox):
    sandbox.faults(stall_every=1, stall_seconds=60)
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    links = httpx.get(sandbox.info_url, headers=headers, trust_env=False).json()["links"]
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{links['start']}/x/data", json={}, headers=headers, timeout=httpx.Timeout(30, read=0.2), trust_env=False
        )
    assert sandbox.stop() == 0


def test_an_interrupt_ends_it_well_too(sandbox):
    sandbox.process.send_signal(signal.SIGINT)
    assert sandbox.process.wait(20) == 0


def test_the_token_comes_from_the_environment_too():
    shown = CliRunner().invoke(command, ["--help"])
    assert "LONGSHORE_SANDBOX_TOKEN" in shown.output
    empty = CliRunner().invoke(command, ["--token", ""])
    assert empty.exit_code == 2
    assert "--token" in empty.output


@pytest.mark.parametrize(
    "option", [("--rate-limit-every", "-1"), ("--client-ids", "dropped"), ("--stall-seconds", "x")]
)
def test_a_wrong_option_is_named(option):
    result = CliRunner().invoke(command, list(option))
    assert result.exit_code == 2
    assert option[0] in result.output


def test_a_taken_port_is_said(sandbox):
    port = sandbox.url.rpartition(":")[2]
    run = subprocess.run(
        [sys.executable, "-m", "import_worker.sandbox", "--port", port],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"LONGSHORE_SANDBOX_TOKEN": "x"},
    )
    assert run.returncode == 1
    assert port in run.stderr
    assert "--port" in run.stderr
    assert "Traceback" not in run.stderr
