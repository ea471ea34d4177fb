"""The command line: what it prints, where, and how it ends."""

import json
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint

import grpc
import pytest
from click.testing import CliRunner
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from longshore.cli import plugins
from longshore.cli.main import main
from longshore.v1 import import_service_pb2, import_service_pb2_grpc

ID = "0190-import"


class FakeImports(import_service_pb2_grpc.ImportServiceServicer):
    """An import worker whose runs take the states that a test lists; synchronous, as the command has the event loop."""

    def __init__(self):
        self.states = ["QUEUED", "READING", "READING", "SUCCEEDED"]
        self.failure = None
        self.already_active = False
        self.stay = False
        self.started = []

    def run(self, state):
        progress = import_service_pb2.ImportProgress(pages_read=3, records_read=1200, chunks=2, chunks_submitted=1)
        progress.object_types.add(object_type="Device", objects=1200, created=7)
        run = import_service_pb2.Import(
            import_id=ID,
            name="devices",
            state=import_service_pb2.ImportState.Value(f"IMPORT_STATE_{state}"),
            progress=progress,
            create_time=Timestamp(seconds=1_900_000_000),
            update_time=Timestamp(seconds=1_900_000_000),
        )
        if state == "SUSPENDED":
            run.suspended_until.seconds = 1_900_000_000
        if state == self.states[-1] and self.failure:
            run.failure.reason, run.failure.message = self.failure
        return run

    def StartImport(self, request, context):  # noqa: N802  the service's name
        if request.name != "devices":
            info = error_details_pb2.ErrorInfo(domain="longshore", reason="ERROR_REASON_IMPORT_NOT_FOUND")
            status = status_pb2.Status(code=grpc.StatusCode.NOT_FOUND.value[0], message="No import is named so")
            status.details.add().Pack(info)
            context.abort_with_status(rpc_status.to_status(status))
        self.started.append(request)
        run = self.run(self.states[0])
        return import_service_pb2.StartImportResponse(run=run, already_active=self.already_active)

    def GetImport(self, request, context):  # noqa: N802
        return import_service_pb2.GetImportResponse(run=self.run(self.states[0]))

    def CancelImport(self, request, context):  # noqa: N802
        return import_service_pb2.CancelImportResponse(run=self.run("CANCELLING"))

    def ResumeImport(self, request, context):  # noqa: N802
        return import_service_pb2.ResumeImportResponse(run=self.run("READING"))

    def ListImports(self, request, context):  # noqa: N802
        token = "" if request.page_token else "more"
        return import_service_pb2.ListImportsResponse(imports=[self.run("QUEUED")], next_page_token=token)

    def WatchImport(self, request, context):  # noqa: N802
        for state in self.states:
            yield import_service_pb2.WatchImportResponse(run=self.run(state))
        if self.stay:
            left = threading.Event()
            context.add_callback(left.set)
            left.wait()


@pytest.fixture
def worker():
    """A scripted import worker; its address is in `address`."""
    fake = FakeImports()
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    import_service_pb2_grpc.add_ImportServiceServicer_to_server(fake, server)
    fake.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield fake
    server.stop(None).wait()


@pytest.fixture
def cli(worker):
    """Run the command line against the scripted worker."""

    def run(*arguments):
        return CliRunner().invoke(main, arguments, env={"LONGSHORE_IMPORT_ADDRESS": worker.address})

    return run


def test_a_run_is_followed_line_by_line_and_repeats_are_left_out(cli, worker):
    result = cli("import", "run", "devices", "--output", "text")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[1] for line in lines] == ["QUEUED", "READING", "SUCCEEDED"]
    assert "1,200 records" in lines[0]
    assert "1/2 chunks" in lines[0]
    assert worker.started[0].request_id


def test_what_is_no_terminal_gets_json_lines(cli):
    result = cli("import", "run", "devices")
    runs = [json.loads(line) for line in result.stdout.splitlines()]
    assert [run["state"] for run in runs] == ["QUEUED", "READING", "SUCCEEDED"]
    assert runs[0]["progress"]["object_types"][0] == {
        "object_type": "Device",
        "objects": 1200,
        "created": 7,
        "updated": None,
        "identical": None,
        "removed": None,
        "expected": None,
    }
    assert runs[0]["create_time"] == "2030-03-17T17:46:40+00:00"


@pytest.mark.parametrize(
    ("state", "code"), [("SUCCEEDED", 0), ("FAILED", 1), ("SUCCEEDED_WITH_ERRORS", 3), ("CANCELLED", 4)]
)
def test_the_exit_code_tells_the_end_and_stderr_the_reason(cli, worker, state, code):
    worker.states = ["QUEUED", state]
    worker.failure = ("SOURCE_ERROR", "page 3 is HTML; check base_url") if code else None
    result = cli("import", "watch", ID)
    assert result.exit_code == code
    assert result.stderr == ("SOURCE_ERROR: page 3 is HTML; check base_url\n" if code else "")


def test_a_suspended_import_is_left_with_the_ways_to_go_on(cli, worker):
    worker.states = ["READING", "SUSPENDED"]
    worker.failure = ("SOURCE_UNAVAILABLE", "the source is away")
    worker.stay = True
    result = cli("import", "watch", ID)
    assert result.exit_code == 6
    assert "SOURCE_UNAVAILABLE: the source is away" in result.stderr
    assert f"longshore import resume {ID}" in result.stderr
    assert "17:46:40 UTC" in result.stderr


def test_resuming_follows_what_goes_on(cli, worker):
    result = cli("import", "resume", ID)
    assert (result.exit_code, result.stderr) == (0, "")
    result = cli("import", "resume", "0190-ended")
    assert result.exit_code == 0
    assert f"had ended; {ID} goes over its whole source" in result.stderr


def test_what_is_asked_of_a_run_is_sent(cli, worker):
    cli("import", "run", "devices", "--full", "--accept-shrink", "--input", "site=Oslo", "--input", "since=2030=1")
    cli("import", "rehearse", "devices")
    run, rehearsal = worker.started
    assert (run.full, run.accept_shrink, run.rehearse) == (True, True, False)
    assert dict(run.inputs) == {"site": "Oslo", "since": "2030=1"}
    assert (rehearsal.full, rehearsal.accept_shrink, rehearsal.rehearse) == (False, False, True)


def test_an_active_import_is_followed_and_said(cli, worker):
    worker.already_active = True
    result = cli("import", "run", "devices")
    assert result.exit_code == 0
    assert f"active import of devices, {ID}" in result.stderr


def test_start_list_show_and_cancel(cli):
    assert cli("import", "start", "devices").stdout == f"{ID}\n"
    assert cli("import", "list").stdout.count(ID) == 2
    shown = cli("import", "show", ID).stdout
    assert "Device:  1,200 objects, 7 created" in shown
    assert "devices: CANCELLING" in cli("import", "cancel", ID).stdout


def test_a_refusal_is_told_with_its_reason(cli):
    result = cli("import", "run", "devises")
    assert result.exit_code == 1
    assert "IMPORT_NOT_FOUND: No import is named so" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (["import", "run", "devices"], "longshore worker"),
        (["push", "queue", "1"], "longshore serve"),
        (["kv", "get", "key"], "longshore serve"),
    ],
)
def test_a_service_that_is_not_there_is_named_with_the_remedy(arguments, start):
    result = CliRunner().invoke(main, [*arguments, "--address", "127.0.0.1:1"])
    assert result.exit_code == 5
    assert "127.0.0.1:1 is not reachable" in result.stderr
    assert start in result.stderr


def test_wrong_usage_is_2():
    assert CliRunner().invoke(main, ["import", "run"]).exit_code == 2
    result = CliRunner().invoke(main, ["push", "queue", "{no"])
    assert result.exit_code == 2
    assert "is no JSON" in result.stderr


def test_ctrl_c_leaves_the_import_running_and_says_how_to_go_on(worker):
    worker.states = ["QUEUED", "READING"]
    worker.stay = True
    command = [sys.executable, "-c", "from longshore.cli.main import main; main()"]
    process = subprocess.Popen(
        [*command, "import", "run", "devices", "--address", worker.address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while "READING" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"longshore import watch {ID}" in errors
    assert f"longshore import cancel {ID}" in errors


def test_commands_of_other_packages_are_listed_without_loading_them():
    group = plugins.PluginGroup("root", plugins="none")
    group._plugins = {
        "sandbox": EntryPoint("sandbox", "no_such_module:x [sandbox]", "g"),
        "extra": EntryPoint("extra", "other_package.cli:x", "g"),
    }
    listed = CliRunner().invoke(group, ["--help"])
    assert listed.exit_code == 0
    assert "Run the Assets sandbox." in listed.stdout
    assert "Provided by other_package." in listed.stdout
    missing = CliRunner().invoke(group, ["sandbox"])
    assert missing.exit_code == 1
    assert "needs the module 'no_such_module'" in missing.stderr
    assert "pip install 'longshore[sandbox]'" in missing.stderr


@pytest.mark.parametrize(
    ("target", "message"),
    [("json:no_such_name", "cannot be loaded"), ("json:dumps", "is no click command")],
)
def test_a_broken_plugin_is_one_clear_line(target, message):
    group = plugins.PluginGroup("root", plugins="none")
    group._plugins = {"x": EntryPoint("x", target, "g")}
    result = CliRunner().invoke(group, ["x"])
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert message in result.stderr


def test_a_plugin_runs_as_a_command_of_the_group():
    group = plugins.PluginGroup("root", plugins="none")
    group._plugins = {"mine": EntryPoint("mine", "longshore.cli.jobs:stats", "g")}
    assert "Print the counts of jobs." in CliRunner().invoke(group, ["mine", "--help"]).stdout
