"""The wiring of the broker: the one place that knows all parts. Starts them, and stops them so that nothing is lost."""

import asyncio
import logging
import random
from typing import Self

import longshore
from longshore.serving import Interceptor, Server
from longshore.v1 import (
    kv_service_pb2,
    kv_service_pb2_grpc,
    queue_admin_service_pb2,
    queue_admin_service_pb2_grpc,
    queue_service_pb2,
    queue_service_pb2_grpc,
)
from queue_service.broker.broker import Broker
from queue_service.broker.keeper import Keeper, ServerFacts
from queue_service.broker.operators import Operators
from queue_service.broker.stored_events import StoredEvents
from queue_service.broker.terms import Terms
from queue_service.broker.watches import Watches
from queue_service.clock import SystemClock
from queue_service.domain.errors import BrokerError
from queue_service.kv.rates import EntryRates
from queue_service.kv.store import KeyValueStore
from queue_service.maintenance.chores import CancelSweeps, IdleGroups
from queue_service.maintenance.expiry import Expiry
from queue_service.maintenance.fire_times import FireTimes
from queue_service.maintenance.maintenance import Maintenance
from queue_service.maintenance.pruning import pruning
from queue_service.maintenance.purges import PurgeSweeps
from queue_service.ports import Clock
from queue_service.rpc.admin.service import QueueAdminServicer
from queue_service.rpc.errors import failure_of
from queue_service.rpc.kv_service import KvServicer
from queue_service.rpc.queue_service import QueueServicer
from queue_service.settings import Settings, as_pairs
from queue_service.storage.sqlite import SqliteStore

SETTLE_SECONDS = 2.0
"""For workers to settle what they hold, after they were told that the broker stops."""
STOP_GRACE_SECONDS = 5.0
"""For calls that are under way when the broker stops."""

log = logging.getLogger(__name__)


class App:
    """A running broker. Start it with App.start, end it with stop()."""

    def __init__(
        self, *, store: SqliteStore, broker: Broker, watches: Watches, maintenance: Maintenance, server: Server
    ) -> None:
        self._store = store
        self._broker = broker
        self._watches = watches
        self._maintenance = maintenance
        self._server = server

    @classmethod
    async def start(cls, settings: Settings, *, clock: Clock | None = None) -> Self:
        """Open the store and serve.

        Raises:
            StoreRefused: the file cannot be used.
            AddressInUse: the address cannot be listened on.
        """
        clock = clock or SystemClock()
        limits = settings.limits
        store = await SqliteStore.open(
            settings.database,
            clock,
            limits=limits,
            low_water_bytes=settings.low_water_bytes,
            backup_folder=settings.backup_folder,
        )
        rates = EntryRates(limits, clock)
        terms = Terms(chance=random.random, limits=limits, policy=settings.retry, retention=settings.retention)
        broker = Broker(store, clock, terms, rates)
        watches = Watches(store, most=limits.watchers, later=asyncio.get_running_loop().call_later)
        maintenance = Maintenance(
            [
                FireTimes(store, terms),
                CancelSweeps(store),
                PurgeSweeps(store),
                IdleGroups(store),
                Expiry(store),
                *pruning(store, settings.retention),
            ],
            store,
            clock,
        )
        facts = ServerFacts(version=longshore.__version__, start_time=clock.now(), settings=as_pairs(settings))
        server = Server(Interceptor(failure_of, max_request_bytes=limits.request_bytes))
        server.add(
            queue_service_pb2_grpc.add_QueueServiceServicer_to_server,
            QueueServicer(broker, watches, clock, limits),
            queue_service_pb2.DESCRIPTOR.services_by_name["QueueService"],
        )
        server.add(
            kv_service_pb2_grpc.add_KvServiceServicer_to_server,
            KvServicer(KeyValueStore(store, clock, rates), limits),
            kv_service_pb2.DESCRIPTOR.services_by_name["KvService"],
        )
        server.add(
            queue_admin_service_pb2_grpc.add_QueueAdminServiceServicer_to_server,
            QueueAdminServicer(
                broker,
                operators=Operators(store, clock, terms),
                events=StoredEvents(store, clock),
                keeper=Keeper(store, broker, facts),
                clock=clock,
                limits=limits,
            ),
            queue_admin_service_pb2.DESCRIPTOR.services_by_name["QueueAdminService"],
        )
        try:
            await broker.start()
            await maintenance.start()
            await server.start(settings.address)
        except BaseException:
            await maintenance.stop()
            await store.close()
            raise
        return cls(store=store, broker=broker, watches=watches, maintenance=maintenance, server=server)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._server.port

    async def damaged(self) -> BrokerError:
        """Wait until the store turns out to be damaged. Nothing is written any more then: stop, and tell."""
        return await self._store.damaged()

    async def stop(self) -> None:
        """Tell everyone, finish what has begun, and let the file go."""
        await self._server.stop_being_healthy()
        await self._watches.stop()
        await self._broker.drain()
        await self._broker.settled(SETTLE_SECONDS)
        await self._server.stop(STOP_GRACE_SECONDS)
        await self._maintenance.stop()
        await self._broker.finish()
        await self._store.close()
