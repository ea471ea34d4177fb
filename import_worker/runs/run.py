"""A run: one attempt to carry all of an import over, and the states it may go through.

Pure: no clock, no I/O. The table below is the only place that says which change of state is allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from import_worker.errors import ImportProblem
from import_worker.ports import Execution, TypeOutcome


class State(StrEnum):
    """Where a run stands. The names are those of ImportState in the contract."""

    QUEUED = "QUEUED"
    STARTING = "STARTING"
    WAITING_FOR_ASSETS = "WAITING_FOR_ASSETS"
    READING = "READING"
    SUSPENDED = "SUSPENDED"
    COMPLETING = "COMPLETING"
    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    SUCCEEDED_WITH_ERRORS = "SUCCEEDED_WITH_ERRORS"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    FAILING = "FAILING"
    FAILED = "FAILED"


class Mode(StrEnum):
    """How much of the source a run carries over. The names are those of ImportMode in the contract."""

    FULL = "FULL"
    INCREMENTAL = "INCREMENTAL"
    REHEARSAL = "REHEARSAL"


BEFORE_READING = frozenset({State.QUEUED, State.STARTING, State.WAITING_FOR_ASSETS})
GIVING_UP = frozenset({State.CANCELLING, State.FAILING})
TERMINAL = frozenset({State.SUCCEEDED, State.SUCCEEDED_WITH_ERRORS, State.CANCELLED, State.FAILED})


class Trigger(StrEnum):
    """What moves a run."""

    START = "start"
    WAIT = "wait"
    OPEN = "open"
    SUSPEND = "suspend"
    RESUME = "resume"
    WHOLE = "whole"
    COMPLETED = "completed"
    DONE = "done"
    DONE_WITH_ERRORS = "done with errors"
    DISCARDED = "discarded"
    FAIL = "fail"
    CANCEL = "cancel"
    GIVEN_UP = "given up"
    REHEARSED = "rehearsed"
    RESTART = "restart"


TRANSITIONS: Mapping[tuple[State, Trigger], State] = {
    (State.QUEUED, Trigger.START): State.STARTING,
    (State.QUEUED, Trigger.FAIL): State.FAILING,
    (State.QUEUED, Trigger.CANCEL): State.CANCELLING,
    (State.STARTING, Trigger.START): State.STARTING,
    (State.STARTING, Trigger.WAIT): State.WAITING_FOR_ASSETS,
    (State.STARTING, Trigger.OPEN): State.READING,
    (State.STARTING, Trigger.FAIL): State.FAILING,
    (State.STARTING, Trigger.CANCEL): State.CANCELLING,
    (State.WAITING_FOR_ASSETS, Trigger.START): State.STARTING,
    (State.WAITING_FOR_ASSETS, Trigger.WAIT): State.WAITING_FOR_ASSETS,
    (State.WAITING_FOR_ASSETS, Trigger.FAIL): State.FAILING,
    (State.WAITING_FOR_ASSETS, Trigger.CANCEL): State.CANCELLING,
    (State.READING, Trigger.WHOLE): State.COMPLETING,
    (State.READING, Trigger.FAIL): State.FAILING,
    (State.READING, Trigger.CANCEL): State.CANCELLING,
    (State.READING, Trigger.SUSPEND): State.SUSPENDED,
    (State.READING, Trigger.REHEARSED): State.SUCCEEDED,
    (State.SUSPENDED, Trigger.RESUME): State.READING,
    (State.SUSPENDED, Trigger.FAIL): State.FAILING,
    (State.SUSPENDED, Trigger.CANCEL): State.CANCELLING,
    # Assets forgot the execution: whether it took effect is unknown, and only a new run makes it certain.
    (State.COMPLETING, Trigger.FAIL): State.FAILING,
    (State.COMPLETING, Trigger.COMPLETED): State.PROCESSING,
    (State.PROCESSING, Trigger.FAIL): State.FAILING,
    (State.PROCESSING, Trigger.DONE): State.SUCCEEDED,
    (State.PROCESSING, Trigger.DONE_WITH_ERRORS): State.SUCCEEDED_WITH_ERRORS,
    (State.PROCESSING, Trigger.DISCARDED): State.FAILED,
    # A user who cancels a failing run also cancels the new run that a lost execution would have led to.
    (State.FAILING, Trigger.CANCEL): State.CANCELLING,
    (State.FAILING, Trigger.GIVEN_UP): State.FAILED,
    (State.FAILING, Trigger.RESTART): State.QUEUED,
    (State.CANCELLING, Trigger.GIVEN_UP): State.CANCELLED,
}


_NOT_FOR: Mapping[Trigger, frozenset[Mode]] = {
    Trigger.WHOLE: frozenset({Mode.REHEARSAL}),
    Trigger.SUSPEND: frozenset({Mode.REHEARSAL}),
    Trigger.REHEARSED: frozenset({Mode.FULL, Mode.INCREMENTAL}),
}
"""What the table allows and a mode does not: a rehearsal is never whole, and nothing else ends as one."""


class WrongTransition(Exception):
    """The run's state does not allow this change."""

    def __init__(self, state: State, trigger: Trigger) -> None:
        super().__init__(f"a run that is {state} takes no {trigger!r}")
        self.state = state


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a run failed.

    Attributes:
        reason: short upper-case name.
        message: what happened, where, and what to do. Holds no secret.
    """

    reason: str
    message: str

    @classmethod
    def of(cls, problem: ImportProblem) -> "Failure":
        """The failure that a problem leads to."""
        return cls(reason=problem.reason, message=problem.message)


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What completing a run would do to the objects of one type, told by their identities.

    Attributes:
        created: identities that the last good run did not have.
        updated: identities of which an attribute changed.
        missing: identities that only the last good run had.
        estimated: whether the numbers come from a sample.
    """

    created: int
    updated: int
    missing: int
    estimated: bool


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is known about a run, as its entry keeps it. Times are seconds since the epoch.

    Attributes:
        import_id: a UUID; it stays the same over all run numbers.
        name: of the configured import.
        state: where the run stands.
        number: counts executions: 1, and one more each time an execution vanished.
        group_id: the group of this number's events.
        destination: name of the destination in entry keys.
        create_time: when the import was started.
        update_time: when the state last changed.
        end_time: when it ended. None: it has not.
        execution: links of the open execution. Empty: none is known.
        intent: an execution was asked for and the answer is not known.
        waiting_since: when the run first found Assets busy. None: it did not, or has got through.
        throttled_until: when the outside takes the next request. None: now.
        suspended_until: when the execution of a suspended run is given up; its steps wait until then. None: the run
            never was suspended.
        failure: why the run failed or is suspended, or the first error of one that succeeded with errors.
        outcomes: by object type, as Assets reported at the end.
        mode: how much of the source it carries over.
        accept_shrink: the user allowed it to have fewer objects than the last good one.
        expected: effects of completing, by object type. Empty: not known, or there was no good run before.
        starts: where incremental resources begin, by name: the value of their query parameter.
    """

    import_id: str
    name: str
    state: State
    number: int
    group_id: str
    destination: str
    create_time: float
    update_time: float
    end_time: float | None = None
    execution: Mapping[str, str] = field(default_factory=dict)
    intent: bool = False
    waiting_since: float | None = None
    throttled_until: float | None = None
    suspended_until: float | None = None
    failure: Failure | None = None
    outcomes: Mapping[str, TypeOutcome] = field(default_factory=dict)
    mode: Mode = Mode.FULL
    accept_shrink: bool = False
    expected: Mapping[str, Effects] = field(default_factory=dict)
    starts: Mapping[str, str] = field(default_factory=dict)

    @property
    def open_execution(self) -> Execution:
        """The execution that the chunks go to."""
        return Execution(links=self.execution)


def advance(run: Run, trigger: Trigger, *, now: float, **changes: Any) -> Run:
    """The run after a trigger, with other fields changed in the same step.

    Raises:
        WrongTransition: the table does not hold it, or the run's mode forbids it.
    """
    state = TRANSITIONS.get((run.state, trigger))
    if state is None or run.mode in _NOT_FOR.get(trigger, ()):
        raise WrongTransition(run.state, trigger)
    if state is not run.state:
        changes["update_time"] = now
    if state in TERMINAL:
        changes["end_time"] = now
    return replace(run, state=state, **changes)
