"""The wiring of the sandbox: one import source, the API that importers use, and the view for people and tests."""

import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from import_worker.sandbox.api import Api, answer_problem
from import_worker.sandbox.faults import Faults
from import_worker.sandbox.importsource import ImportSource
from import_worker.sandbox.problems import Refused
from import_worker.sandbox.switches import Switches
from import_worker.sandbox.view import View

DEFAULT_TOKEN = "sandbox-token"  # noqa: S105  the sandbox guards nothing


def _random_id() -> str:
    return str(uuid.uuid4())


def build_app(
    *,
    token: str = DEFAULT_TOKEN,
    switches: Switches | None = None,
    now: Callable[[], float] = time.time,
    new_id: Callable[[], str] = _random_id,
) -> Starlette:
    """Make the application.

    Args:
        token: the bearer token that requests to the API must carry.
        switches: the faults in force at the start and after a reset; None: none.
        now: wall clock, seconds since the epoch.
        new_id: makes ids that nobody can guess.
    """
    source = ImportSource(new_id(), Faults(switches or Switches()), now, new_id)
    prefix = f"/workspace/{new_id()}/v1/importsource/{source.id}"

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        source.close()

    return Starlette(
        routes=[*Api(source, token, prefix).routes(), *View(source).routes()],
        exception_handlers={Refused: answer_problem, HTTPException: answer_problem},
        lifespan=lifespan,
    )
