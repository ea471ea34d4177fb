"""The wiring of a worker: adapters to flow, flow to queues and to gRPC. The one place that knows them all."""

import asyncio
import gc
import logging
import os
import random
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Self

import longshore
from import_worker.assets.client import AssetsClient
from import_worker.catalogue import Catalogue
from import_worker.clock import SystemClock
from import_worker.config import ImportConfig
from import_worker.config.assets import Assets
from import_worker.config.jsonl import Jsonl
from import_worker.config.requests import Retry
from import_worker.config.secrets import resolve_text
from import_worker.flow.benches import Bench, Benches
from import_worker.flow.dispatch import OUT_OF_REACH, STEPS, handle
from import_worker.flow.pace import Pace
from import_worker.flow.queues import set_policies
from import_worker.flow.schedule import Timetable
from import_worker.flow.step import Flow
from import_worker.flow.sweep import sweep
from import_worker.http.exchange import DESTINATION, Access, Limits
from import_worker.http.reach import Reach
from import_worker.http.redaction import Secrets
from import_worker.http.retry import RetryPolicy
from import_worker.http.transport import Transport
from import_worker.jsonl.folder import JsonlFolder
from import_worker.ports import Clock, Destination
from import_worker.preview.look import Look
from import_worker.rpc.errors import translate
from import_worker.rpc.import_service import ImportService
from import_worker.runs.board import KvBoard
from import_worker.runs.changes import Changes
from import_worker.runs.entries import LISTING
from import_worker.runs.ledger import Ledger
from import_worker.settings import Settings
from import_worker.sources.door import Outside
from import_worker.sources.rest import RestSource
from import_worker.transform.mapper import Mapper
from import_worker.webhook import Webhooks
from longshore.serving import Interceptor, Server
from longshore.v1 import import_service_pb2
from longshore.v1.import_service_pb2_grpc import add_ImportServiceServicer_to_server

MAX_REQUEST_BYTES = 256 * 1024
"""A configuration that comes with a start is the largest thing that is asked; more than this is not kept."""
CALL_PATIENCE = 2.0
"""Seconds that a caller of ours waits for a broker that is not there. Steps wait longer: nobody waits for them."""
COLLECT_EVERY = 50_000
"""Objects that are made beyond those that went before the collector looks for circles among them."""
ASSETS_ATTEMPTS = 4
ASSETS_INLINE_WAIT = 5.0

log = logging.getLogger(__name__)


Sleep = Callable[[float], Awaitable[None]]


def build_bench(config: ImportConfig, outside: Outside, *, attempts: int = ASSETS_ATTEMPTS) -> Bench:
    """Open the adapters of an import.

    Raises:
        Permanent: a secret has no value, or an address is not usable.
    """
    return Bench(
        config=config,
        source=RestSource(config, outside),
        destination=build_destination(config, outside, attempts),
        mappers={resource.name: Mapper(config, resource.name) for resource in config.resources},
    )


def build_look(config: ImportConfig, outside: Outside) -> Bench:
    """Open the adapters of an import so that they ask once and wait for nothing. Raises as build_bench does."""
    source = config.source.model_copy(update={"retry": Retry(attempts=1, max_inline_wait=0)})
    return build_bench(config.model_copy(update={"source": source}), outside, attempts=1)


def build_destination(config: ImportConfig, outside: Outside, attempts: int) -> Destination:
    """Open the destination of an import. Raises as build_bench does."""
    match config.destination:
        case Assets() as assets:
            reach = Reach.PUBLIC if config.inline else Reach.ANY
            token = assets.token.resolve(outside.env)
            secrets = Secrets([token])
            connect = partial(
                _connect_assets, token=token, secrets=secrets, reach=reach, outside=outside, attempts=attempts
            )
            url = resolve_text(assets.info_url, outside.env)
            return AssetsClient(config, assets, info_url=url, connect=connect, secrets=secrets)
        case Jsonl() as jsonl:
            return JsonlFolder(config, resolve_text(jsonl.folder, outside.env))


def _connect_assets(
    url: str, *, token: str, secrets: Secrets, reach: Reach, outside: Outside, attempts: int
) -> Transport:
    headers = {"Authorization": f"Bearer {token}"}
    return Transport(
        peer=DESTINATION,
        access=Access(base_url=url, headers=headers, secrets=secrets, reach=reach),
        retry=RetryPolicy(
            attempts=attempts,
            max_inline_wait=ASSETS_INLINE_WAIT,
            sleep=outside.sleep,
            jitter=outside.jitter,
        ),
        clock=outside.clock,
        limits=Limits(),
    )


class Worker:
    """A worker from start to stop: `async with Worker(settings) as worker`, then `await worker.run_until(stop)`."""

    def __init__(
        self,
        settings: Settings,
        *,
        env: Mapping[str, str] = os.environ,
        clock: Clock | None = None,
        pace: Pace | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            settings: how to run.
            env: where `${env:}` finds its values.
            clock: the machine's where None.
            pace: how long steps wait for the outside; the usual where None.
            sleep: how retries of a request in place wait.
        """
        self._settings = settings
        self._env = env
        self._clock = clock or SystemClock()
        self._pace = pace or Pace()
        self._sleep = sleep
        self._open = AsyncExitStack()
        self.port = 0

    async def __aenter__(self) -> Self:
        """Serve ImportService and connect to the broker, which need not be there yet.

        Raises:
            AddressInUse: something else listens on the address.
        """
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(longshore.connect(self._settings.broker))
            quick = await stack.enter_async_context(longshore.connect(self._settings.broker, patience=CALL_PATIENCE))
            changes = Changes()
            catalogue = Catalogue(
                folder=self._settings.imports,
                env=self._env,
                allow_inline=self._settings.allow_inline,
                inline_env=self._settings.inline_env,
            )
            ledger = Ledger(client, self._clock, changes)
            outside = Outside(
                env=self._env, clock=self._clock, board=KvBoard(client), sleep=self._sleep, jitter=random.random
            )
            benches = Benches(partial(build_bench, outside=outside), ledger.config)
            stack.push_async_callback(benches.close)
            self._flow = Flow(
                client=client,
                ledger=ledger,
                benches=benches,
                clock=self._clock,
                pace=self._pace,
                hooks=Webhooks(self._env, self._clock),
                configured=catalogue,
            )
            self._timetable = Timetable(client, catalogue)
            self._serving = replace(self._flow, client=quick, ledger=Ledger(quick, self._clock, changes))
            self._server = Server(Interceptor(translate, max_request_bytes=MAX_REQUEST_BYTES))
            self._server.add(
                add_ImportServiceServicer_to_server,
                ImportService(self._serving, catalogue, Look(open=partial(build_look, outside=outside))),
                import_service_pb2.DESCRIPTOR.services_by_name["ImportService"],
            )
            await self._server.start(self._settings.address)
            stack.push_async_callback(self._server.stop, self._settings.grace_seconds)
            self.port = self._server.port
            self._open = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop serving and disconnect."""
        await self._open.aclose()

    async def run_until(self, stop: asyncio.Event) -> None:
        """Carry out steps until told to stop; then finish those that run.

        Raises:
            LongshoreError: the broker refuses the subscription.
        """
        tasks = [asyncio.create_task(work) for work in (self._consume(), self._sweep(), _told(stop))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await self._server.stop_being_healthy()
            self._flow.ledger.changes.stop()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _consume(self) -> None:
        await self._wait_for_broker()
        await set_policies(self._flow.client, STEPS)
        await self._flow.client.consume(
            list(STEPS),
            partial(handle, self._flow),
            concurrency=self._settings.concurrency,
            lease_duration=self._settings.lease_seconds,
            grace=self._settings.grace_seconds,
        )

    async def _wait_for_broker(self) -> None:
        """Return when the broker answers. Each call waits with growing pauses; that it is missing is said once."""
        said = False
        while True:
            try:
                await self._serving.client.kv.get(LISTING)
            except OUT_OF_REACH as error:
                if not said:
                    log.warning("waiting for the broker at %s: %s", self._settings.broker, error.message)
                said = True
            else:
                log.info("working for the broker at %s", self._settings.broker)
                return

    async def _sweep(self) -> None:
        while True:
            try:
                await sweep(self._flow)
                await self._timetable.keep_in_step()
            except OUT_OF_REACH:
                log.debug("no sweep: the broker cannot be reached")
            except Exception:
                # Whatever a broken entry makes of it: the worker has other work.
                log.exception("the sweep failed; it is tried again in %g s", self._settings.sweep_seconds)
            await asyncio.sleep(self._settings.sweep_seconds)


async def _told(stop: asyncio.Event) -> None:
    await stop.wait()


def serve(settings: Settings, ready: Callable[[int], None]) -> None:
    """Run a worker until SIGTERM or SIGINT.

    Args:
        settings: how to run.
        ready: told the port once it serves.
    """

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with Worker(settings) as worker:
            ready(worker.port)
            await worker.run_until(stop)

    # Pages make many thousands of objects that die with them, and what the program itself is made of never dies.
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)
    asyncio.run(run())
