"""Pushing JSON Lines: a stream of events of any length in bounded memory, and every faulty line told by its number.

Many pushes are under way at a time, so that the client sends them together.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from longshore.cli.lines import MAX_LINE, NumberedLine
from longshore.cli.parameters import json_text
from longshore.errors import IdReused, InvalidRequest
from longshore.groups import Group
from longshore.payloads import Json
from longshore.pushes import NewEvent
from longshore.queue import Queue

_MAX_EVENTS = 4_000
"""Events under way: two calls of the client, and as many that wait for them."""
_MAX_BYTES = 16 * 1024 * 1024
_EVENT = re.compile(r"events\[(\d+)\]\.?(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Lines that were not pushed.

    Attributes:
        line: number of the first.
        last_line: number of the last; they would have been one job.
        message: why.
    """

    line: int
    last_line: int
    message: str

    def __str__(self) -> str:
        lines = f"line {self.line}" if self.line == self.last_line else f"lines {self.line} to {self.last_line}"
        return f"{lines}: {self.message}"


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has become of the lines so far.

    Attributes:
        events: pushed, by this run or one before it.
        jobs: made of them.
        deduplicated: of these jobs, those that a run before had made.
        faults: in the order in which they were found.
        bytes: of the input that were read.
    """

    events: int = 0
    jobs: int = 0
    deduplicated: int = 0
    faults: list[Fault] = field(default_factory=list)
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOptions:
    """How lines become jobs.

    Attributes:
        event: makes the event of a body.
        events_per_job: lines that make one job.
        group: of the jobs.
        request_id: what the ids of the pushes begin with; their first line's number follows.
        max_faults: reading stops at so many.
    """

    event: Callable[[Json], NewEvent]
    events_per_job: int
    group: Group | None
    request_id: str | None
    max_faults: int


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    body: Json


class BulkPush:
    """Pushes the lines of one input.

    Attributes:
        tally: what has become of them, while it runs and after.
    """

    def __init__(self, queue: Queue, options: BulkOptions, *, on_fault: Callable[[Fault], None]) -> None:
        self.tally = Tally()
        self._queue = queue
        self._options = options
        self._on_fault = on_fault
        self._events = self._bytes = 0
        self._room = asyncio.Event()

    async def run(self, lines: AsyncGenerator[NumberedLine, None]) -> None:
        """Push the lines until they end, or there are too many faults; what was read before these is pushed.

        Raises:
            LongshoreError: a push was refused for another reason than its lines. Pushes that were under way then may
                or may not have happened.
        """
        try:
            async with asyncio.TaskGroup() as pushes, aclosing(lines):
                job: list[_Line] = []
                async for line in lines:
                    self.tally.bytes = line.end
                    if (read := self._read(line)) is not None:
                        job.append(read)
                    if len(job) == self._options.events_per_job:
                        pushes.create_task(self._push(job, await self._take_room(job)))
                        job = []
                    if len(self.tally.faults) >= self._options.max_faults:
                        break
                if job:
                    pushes.create_task(self._push(job, await self._take_room(job)))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    def _read(self, line: NumberedLine) -> _Line | None:
        """The body of a line. None: it is empty, or faulty."""
        try:
            if line.content is None:
                raise ValueError(f"is longer than {MAX_LINE:,} bytes")
            text = line.content.decode("utf-8-sig" if line.number == 1 else "utf-8").strip()
            return _Line(line.number, json_text(text)) if text else None
        except ValueError as error:
            self._fault([line.number], str(error))
            return None

    async def _take_room(self, job: Sequence[_Line]) -> int:
        """Wait until the job fits to those under way, and answer its size."""
        size = sum(len(line.body) for line in job)
        while self._events and (self._events + len(job) > _MAX_EVENTS or self._bytes + size > _MAX_BYTES):
            self._room.clear()
            await self._room.wait()
        self._events += len(job)
        self._bytes += size
        return size

    async def _push(self, job: Sequence[_Line], size: int) -> None:
        numbers = [line.number for line in job]
        prefix = self._options.request_id
        try:
            pushed = await self._queue.push_many(
                [self._options.event(line.body) for line in job],
                group=self._options.group,
                request_id=None if prefix is None else f"{prefix}.{numbers[0]}",
            )
        except IdReused:
            self._fault(numbers, f"was pushed before with the request id {prefix}.{numbers[0]}, and was different then")
        except InvalidRequest as error:
            self._fault(numbers, _blame(error, numbers))
        else:
            self.tally.events += len(job)
            self.tally.jobs += 1
            self.tally.deduplicated += pushed.deduplicated
        finally:
            self._events -= len(job)
            self._bytes -= size
            self._room.set()

    def _fault(self, numbers: Sequence[int], message: str) -> None:
        fault = Fault(line=numbers[0], last_line=numbers[-1], message=message)
        self.tally.faults.append(fault)
        self._on_fault(fault)


def _blame(error: InvalidRequest, numbers: Sequence[int]) -> str:
    """What is wrong with the lines of a job.

    Raises:
        InvalidRequest: it is not the lines that are wrong.
    """
    told = []
    for violation in error.violations:
        if (match := _EVENT.match(violation.field)) is None:
            raise error
        where = "" if len(numbers) == 1 else f"line {numbers[int(match[1])]}: "
        told.append(f"{where}{match[2]}: {violation.description}")
    return "; ".join(told) or error.message
