"""The command longshore demo: broker, worker, Datasette and sandbox on loopback, and one import from end to end."""

import asyncio
import random
import secrets
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import click

import longshore
from import_worker.clock import SystemClock
from import_worker.demo.dataset import Dataset, load_dataset, write_tables
from import_worker.demo.processes import DidNotStart, Processes
from import_worker.demo.verify import Comparison, compare
from import_worker.http.exchange import DESTINATION, Access, Limits, Request
from import_worker.http.retry import RetryPolicy
from import_worker.http.transport import Transport
from longshore.cli.display import Display
from longshore.cli.progress import ProgressLine

IMPORT = "iso-3166"

# What a shell answers for a command that these signals ended.
_INTERRUPTED = 128 + signal.SIGINT
_TERMINATED = 128 + signal.SIGTERM


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where everything listens."""

    broker: str
    worker: str
    source: str
    sandbox: str


@click.command()
@click.option("--keep", is_flag=True, help="Leave everything running afterwards, until Ctrl-C.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the stores and logs. Default: a temporary one, removed at the end.",
)
def demo(keep: bool, folder: Path | None) -> None:
    """Import a real data set, ISO 3166, into the Assets sandbox on this machine, and compare every value.

    Exit code 1 if anything differs.
    """
    made = folder is None
    here = folder or Path(tempfile.mkdtemp(prefix="longshore-demo-"))
    here.mkdir(parents=True, exist_ok=True)
    try:
        exact = asyncio.run(_demo(here.absolute(), keep=keep))
    except DidNotStart as error:
        made = False  # the logs say more
        raise click.ClickException(f"{error} (logs in {here})") from None
    except (KeyboardInterrupt, asyncio.CancelledError) as end:
        raise click.exceptions.Exit(_TERMINATED if isinstance(end, asyncio.CancelledError) else _INTERRUPTED) from None
    finally:
        if made:
            shutil.rmtree(here, ignore_errors=True)
    if not exact:
        raise click.exceptions.Exit(1)


async def _demo(folder: Path, *, keep: bool) -> bool:
    """Run the demo. SIGTERM cancels it, as SIGINT does, so that its processes end with it."""
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    dataset = load_dataset()
    async with Processes(folder) as processes:
        stage = await _set_up(processes, folder, dataset)
        begun = time.monotonic()
        run = await _import(stage)
        seconds = time.monotonic() - begun
        comparison, executions = await _look(stage, dataset)
        exact = _tell(dataset, run, comparison, executions, seconds)
        if keep:
            _tell_addresses(stage, run)
            await asyncio.Event().wait()
    return exact


async def _set_up(processes: Processes, folder: Path, dataset: Dataset) -> Stage:
    token = secrets.token_urlsafe(16)
    write_tables(dataset, folder / "iso.db")
    imports = folder / "imports"
    imports.mkdir(exist_ok=True)
    (imports / f"{IMPORT}.yaml").write_bytes(resources.files(__package__).joinpath(f"{IMPORT}.yaml").read_bytes())
    click.echo(f"Data set: {len(dataset.countries):,} countries, {len(dataset.subdivisions):,} subdivisions (ISO 3166)")
    broker = await processes.start(
        "broker",
        "queue_service",
        *("--address", "127.0.0.1:0", "--database", str(folder / "broker.db")),
        ready=r"^Longshore broker on ([\d.]+:\d+)",
    )
    click.echo(f"Broker:   {broker}, store {folder / 'broker.db'}")
    source = await processes.start(
        "datasette",
        "datasette",
        *(
            "serve",
            str(folder / "iso.db"),
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--setting",
            "max_returned_rows",
            "1000",
        ),
        ready=r"Uvicorn running on (http://[\d.]+:\d+)",
    )
    click.echo(f"Source:   {source}/iso (Datasette)")
    sandbox = await processes.start(
        "sandbox",
        "import_worker.sandbox",
        *("--port", "0"),
        ready=r"^Assets sandbox on (http://[\d.]+:\d+)",
        environment={"LONGSHORE_SANDBOX_TOKEN": token},
    )
    click.echo(f"Assets:   {sandbox}/_sandbox (sandbox)")
    worker = await processes.start(
        "worker",
        "import_worker",
        *("--address", "127.0.0.1:0", "--broker", broker, "--imports", str(imports)),
        ready=r"^Import worker on ([\d.]+:\d+)",
        environment={
            "DEMO_SOURCE_URL": f"{source}/iso/",
            "DEMO_ASSETS_INFO_URL": f"{sandbox}/jsm/assets/v1/imports/info",
            "DEMO_ASSETS_TOKEN": token,
        },
    )
    click.echo(f"Worker:   {worker}, imports in {imports}\n")
    return Stage(broker=broker, worker=worker, source=source, sandbox=sandbox)


async def _import(stage: Stage) -> longshore.Import:
    display = Display("text", ProgressLine())
    async with longshore.connect_imports(stage.worker) as imports:
        run = (await imports.start(IMPORT)).run
        async for run in imports.watch(run.import_id):  # noqa: B020  the latest is what counts
            display.show(run)
    display.end()
    return run


async def _look(stage: Stage, dataset: Dataset) -> tuple[Comparison, list[dict[str, object]]]:
    transport = Transport(
        peer=DESTINATION,
        access=Access(base_url=stage.sandbox),
        retry=RetryPolicy(attempts=3, max_inline_wait=1.0, sleep=asyncio.sleep, jitter=random.random),
        clock=SystemClock(),
        limits=Limits(),
    )
    try:
        _, objects = await transport.request_json(Request(url="/_sandbox/objects"))
        _, executions = await transport.request_json(Request(url="/_sandbox/executions"))
    finally:
        await transport.close()
    return compare(dataset, {"Country": [], "Subdivision": [], **objects}), executions


def _tell(
    dataset: Dataset,
    run: longshore.Import,
    comparison: Comparison,
    executions: list[dict[str, object]],
    seconds: float,
) -> bool:
    states = [str(execution["state"]) for execution in executions]
    exact = not comparison.differences and run.state is longshore.ImportState.SUCCEEDED and states == ["DONE"]
    click.echo()
    if run.failure:
        click.echo(f"{run.failure.reason}: {run.failure.message}")
    for difference in comparison.differences:
        click.echo(f"differs: {difference}")
    click.echo(f"objects     {comparison.objects:,} in Assets, {len(dataset):,} in the source")
    click.echo(f"references  {comparison.references:,} of {dataset.references:,} resolved")
    click.echo(f"attributes  {comparison.attributes:,} compared")
    click.echo(f"execution   {', '.join(states) or 'none'}; import {run.state}")
    click.echo(f"chunks      {run.progress.chunks_submitted:,} of {run.progress.chunks:,}")
    click.echo(f"duration    {seconds:.1f} s, {comparison.objects / seconds:,.0f} objects a second")
    click.echo(f"Assets {'equals' if exact else 'DIFFERS FROM'} the source, attribute by attribute.")
    return exact


def _tell_addresses(stage: Stage, run: longshore.Import) -> None:
    click.echo(
        f"""
Everything keeps running until Ctrl-C. Look at {stage.sandbox}/_sandbox and {stage.source}/iso, or try:
  grpcurl -plaintext {stage.worker} longshore.v1.ImportService/ListImports
  grpcurl -plaintext -d '{{"group_id": "{run.group_id}"}}' {stage.broker} longshore.v1.QueueService/GetGroup
  grpcurl -plaintext -d '{{"prefix": "imp:{run.import_id}"}}' {stage.broker} longshore.v1.KvService/ListEntries"""
    )


if __name__ == "__main__":
    demo(prog_name="longshore demo")
