"""The import source: its schema and mapping, its objects and its executions, and what may happen to them when.

It knows nothing of HTTP. Times come from the clock it is given, ids from the generator it is given.
"""

import asyncio
import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from import_worker.sandbox.document import SYSTEM_ATTRIBUTE, Document, read_document
from import_worker.sandbox.entries import find_entries
from import_worker.sandbox.executions import Execution, Executions, State
from import_worker.sandbox.faults import Faults
from import_worker.sandbox.merge import merged, with_ids
from import_worker.sandbox.objects import AssetObject, Keys, Snapshot, edited
from import_worker.sandbox.problems import Fault, Refused, refused
from import_worker.sandbox.reconcile import reconcile
from import_worker.sandbox.report import ProcessingRecord, progress_result
from import_worker.sandbox.rules import check_complete, check_upload, check_whole
from import_worker.sandbox.shape import check_shape

_DATA_FIELDS = frozenset({"data", "clientGeneratedId", "completed"})
_MAX_CLIENT_ID = 1_024


class TooManyObjects(Refused):
    """A chunk holds more entries than the switch max_objects_per_chunk allows: status 413."""

    def __init__(self, count: int, bound: int) -> None:
        message = f"holds {count} entries, more than the {bound} of max_objects_per_chunk"
        super().__init__(413, Fault(code="CHUNK_TOO_LARGE", path="data", message=message))


class ImportSource:
    """One import source.

    Args:
        source_id: its id, as in links.
        faults: the switches in force.
        now: wall clock, seconds since the epoch.
        new_id: makes ids that nobody can guess.

    Attributes:
        document: the schema and mapping in use, None before one was put.
        snapshot: the objects.
        executions: those known.
    """

    def __init__(self, source_id: str, faults: Faults, now: Callable[[], float], new_id: Callable[[], str]) -> None:
        self.id = source_id
        self.faults = faults
        self._now = now
        self._new_id = new_id
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty()

    def _empty(self) -> None:
        self._raw: dict[str, Any] | None = None
        self._keys = Keys()
        self._type_ids: dict[str, str] = {}
        self.document: Document | None = None
        self.snapshot = Snapshot()
        self.executions = Executions()

    def reset(self) -> None:
        """Forget everything, also what is being processed, and go back to the switches of the start."""
        self.close()
        self._empty()
        self.faults.reset()

    def close(self) -> None:
        """Give up what is being processed."""
        for task in self._tasks:
            task.cancel()

    def expire(self) -> None:
        """End the open execution if it has been idle for too long. Called before each request."""
        self.executions.expire(self._now(), self.faults.switches.idle_expiry_seconds)

    @property
    def status(self) -> str:
        """The configstatus."""
        if self.faults.switches.disabled:
            return "DISABLED"
        if self.document is None:
            return "MISSING_MAPPING"
        return "RUNNING" if self.executions.open else "IDLE"

    @property
    def raw_document(self) -> dict[str, Any] | None:
        """The schema and mapping as JSON, the system attributes included. None before one was put."""
        if self._raw is None:
            return None
        raw = copy.deepcopy(self._raw)
        _add_system_attribute(raw["schema"]["objectSchema"]["objectTypes"], self.id)
        return raw

    def put_document(self, raw: Any) -> None:
        """Take the first schema and mapping.

        Raises:
            Refused: status 409 when there is one, 400 with every fault.
        """
        check_shape("document", raw)
        check_complete(read_document(raw))
        if self.document is not None:
            raise refused(409, "there is a mapping already; PATCH changes it", code="MAPPING_EXISTS")
        self._use(raw)

    def patch_document(self, raw: Any) -> None:
        """Lay an update over the schema and mapping.

        Raises:
            Refused: status 400 with every fault, also when nothing was put before; 409 during an execution.
        """
        check_shape("update", raw)
        check_upload(read_document(raw))
        if self._raw is None:
            raise refused(400, "nothing was put yet that could be changed", code="MISSING_MAPPING")
        if self.executions.open:
            raise refused(409, "an execution uses the mapping", code="IN_PROGRESS")
        whole = merged(self._raw, raw)
        check_whole(read_document(whole))
        self._use(whole)

    def _use(self, raw: dict[str, Any]) -> None:
        self._raw = with_ids(copy.deepcopy(raw), lambda: f"cmdb::externalId/{self._new_id()}")
        self.document = read_document(self._raw)
        for each in self.document.types:
            self._type_ids.setdefault(each.name, str(len(self._type_ids) + 1))

    def start(self, *, scheduled: bool) -> Execution:
        """Open an execution.

        Raises:
            Refused: status 409 with DISABLED, MISSING_MAPPING or IN_PROGRESS.
        """
        code = {"RUNNING": "IN_PROGRESS"}.get(self.status, self.status)
        if code != "IDLE":
            raise refused(409, f"the import source is {self.status}", code=code)
        now = self._now()
        execution = Execution(id=self._new_id(), scheduled=scheduled, started=now, touched=now)
        self.executions.add(execution)
        return execution

    def find(self, execution_id: str) -> Execution:
        """The execution of that id; it counts as used. Raises Refused, status 404."""
        execution = self.executions.find(execution_id)
        execution.touched = self._now()
        return execution

    def receive(self, execution_id: str) -> Execution:
        """The execution that a data call is for; it may vanish here. Raises Refused, status 404."""
        execution = self.find(execution_id)
        if execution.state is State.INGESTING and self.faults.execution_vanishes(execution.data_calls):
            execution.finish(State.CANCELLED, self._now())
            execution.gone = True
        execution = self.find(execution_id)
        execution.data_calls += 1
        return execution

    def submit(self, execution: Execution, body: Any) -> None:
        """Take a chunk, the completion, or both.

        Raises:
            Refused: status 400, or 413 for too many entries.
        """
        if isinstance(body, dict) and body.get("completed") is True and execution.state is not State.INGESTING:
            execution.completions_refused += 1
        execution.require_ingesting()
        client_id, is_last = _checked_chunk(body)
        if body.get("data") is not None:
            self._store(execution, body["data"], client_id)
        if is_last:
            execution.complete(self._now())
            task = asyncio.get_running_loop().create_task(self._process(execution))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _store(self, execution: Execution, data: object, client_id: str | None) -> None:
        if self.document is None:
            raise refused(400, "there is no mapping", code="MISSING_MAPPING")
        found = find_entries(self.document, data)
        count, bound = sum(map(len, found.values())), self.faults.switches.max_objects_per_chunk
        if bound is not None and count > bound:
            raise TooManyObjects(count, bound)
        execution.take(found, client_id, self.faults.switches.client_ids)

    async def _process(self, execution: Execution) -> None:
        await asyncio.sleep(self.faults.switches.processing_seconds)
        document, schema = self.document, self._raw
        if execution.state is not State.PROCESSING or document is None or schema is None:
            return
        name, keys = schema["schema"]["objectSchema"]["name"], self._keys
        # In a thread, so that a large set does not keep others waiting; nothing else changes objects meanwhile.
        keep = self.faults.switches.keep_missing
        work = partial(reconcile, document, self.snapshot, execution.entries, lambda: keys.new(name), keep_missing=keep)
        outcome = await asyncio.to_thread(work)
        if execution.state is not State.PROCESSING:
            return
        ended = self._now()
        record = ProcessingRecord(
            execution_id=execution.id,
            import_source_id=self.id,
            started=execution.started,
            processing=execution.processing or ended,
            ended=ended,
            type_ids=self._type_ids,
        )
        self.snapshot = outcome.snapshot
        execution.finish(State.DONE, ended, progress_result(record, outcome.reports))

    def cancel(self, execution: Execution) -> None:
        """Give an execution up; nothing of it is written. Cancelling what has ended changes nothing."""
        if execution is self.executions.open:
            execution.finish(State.CANCELLED, self._now())

    def edit(self, type_name: str, changes: Mapping[str, object]) -> AssetObject:
        """Make or change an object by hand.

        Raises:
            Refused: status 404 for an unknown type, 409 while objects are processed, 400 for values that do not fit.
        """
        if self.document is None or self._raw is None or type_name not in self.document.by_name:
            raise refused(404, f"there is no object type '{type_name}'")
        running = self.executions.open
        if running is not None and running.state is State.PROCESSING:
            raise refused(409, "objects are being processed", code="IN_PROGRESS")
        new_key = self._keys.new(self._raw["schema"]["objectSchema"]["name"])
        self.snapshot, changed = edited(self.snapshot, self.document, type_name, changes, new_key)
        return changed


def _checked_chunk(body: Any) -> tuple[str | None, bool]:
    """The client id and whether the body completes the set. Raises Refused, status 400."""
    if not isinstance(body, dict):
        raise refused(400, f"must be a JSON object with some of {', '.join(sorted(_DATA_FIELDS))}")
    for name in sorted(body.keys() - _DATA_FIELDS):
        raise refused(400, f"is not known; known are {', '.join(sorted(_DATA_FIELDS))}", path=name)
    client_id, is_last = body.get("clientGeneratedId"), body.get("completed", False)
    if client_id is not None and not (isinstance(client_id, str) and len(client_id) <= _MAX_CLIENT_ID):
        raise refused(400, f"must be a string of at most {_MAX_CLIENT_ID} characters", path="clientGeneratedId")
    if not isinstance(is_last, bool):
        raise refused(400, "must be true or false", path="completed")
    if body.get("data") is None and not is_last:
        raise refused(400, "holds neither data nor completed: true")
    return client_id, is_last


def _add_system_attribute(types: list[dict[str, Any]], source_id: str) -> None:
    for each in types:
        others = [attribute for attribute in each.get("attributes", []) if attribute["name"] != SYSTEM_ATTRIBUTE]
        key = {
            "externalId": f"cmdb::externalId/{source_id}/{each['externalId']}/key",
            "name": SYSTEM_ATTRIBUTE,
            "description": "",
            "type": "text",
            "label": False,
        }
        each["attributes"] = [key, *others]
        _add_system_attribute(each.get("children", []), source_id)
