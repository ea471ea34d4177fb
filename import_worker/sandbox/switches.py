"""The switches for faults and for behaviour that Atlassian does not publish: names, defaults, what each one takes.

Every "every n" counts calls from when the switches were last changed: the n-th, 2n-th, ... call is hit, without chance.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from import_worker.sandbox.problems import FaultList

ClientIds = Literal["ignored", "deduplicated", "refused"]


def _switch(default: Any, text: str) -> Any:
    return field(default=default, metadata={"text": text})


@dataclass(frozen=True, kw_only=True)
class Switches:
    """How the sandbox behaves; each switch says itself what it does. 0 and null turn a fault or a bound off."""

    rate_limit_every: int = _switch(0, "Every n-th data call is answered 429.")
    retry_after: float | None = _switch(None, "Seconds in the Retry-After header of a 429; null: no such header.")
    error_every: int = _switch(0, "Every n-th data call is answered 500 and stores nothing.")
    stall_every: int = _switch(0, "Every n-th data call waits for stall_seconds first.")
    stall_seconds: float = _switch(1.0, "See stall_every.")
    lose_answer_every: int = _switch(0, "Every n-th data call takes effect, then its connection is cut.")
    fail_status_every: int = _switch(0, "Every n-th status call (import source or execution) is answered 500.")
    client_ids: ClientIds = _switch(  # noqa: RUF009  it makes a field, not a default
        "ignored", "What a repeated clientGeneratedId is: nothing, a chunk that is known already, or an error (400)."
    )
    keep_missing: bool = _switch(
        False,
        "The import source is set up to leave objects alone that an import no longer has, instead of removing them.",
    )
    body_limit: int | None = _switch(None, "Bytes of a data body above which the answer is 413.")
    max_objects_per_chunk: int | None = _switch(None, "Entries in a data body above which the answer is 413.")
    idle_expiry_seconds: float | None = _switch(
        None, "An INGESTING execution without any request for so long is cancelled and unknown from then on."
    )
    disabled: bool = _switch(False, "The customer has switched the import off: configstatus DISABLED, no start.")
    vanish_execution_after: int = _switch(
        0, "An execution that took so many data calls is unknown to the next one. Happens once, then this is 0."
    )
    lose_start_answer: int = _switch(0, "So many starts take effect and lose their answer; counts down to 0.")
    processing_seconds: float = _switch(0.2, "How long an execution is PROCESSING at least before it is DONE.")

    def json(self) -> dict[str, Any]:
        """By name."""
        return asdict(self)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_SECONDS


MAX_SECONDS = 86_400
_COUNT = (_is_count, "a whole number, 0 or more")
_SECONDS = (_is_seconds, f"seconds, 0 to {MAX_SECONDS}")
_BOUND = (lambda value: value is None or _is_count(value), "null, or a whole number, 0 or more")
_OPTIONAL_SECONDS = (lambda value: value is None or _is_seconds(value), f"null, or seconds, 0 to {MAX_SECONDS}")
_FLAG = (lambda value: isinstance(value, bool), "true or false")
_MODE = (lambda value: value in get_args(ClientIds), f"one of {', '.join(get_args(ClientIds))}")

# How a field of Switches is typed -> (does this JSON value fit, what fits, for people).
_FITS: Mapping[object, tuple[Callable[[Any], bool], str]] = {
    int: _COUNT,
    float: _SECONDS,
    int | None: _BOUND,
    float | None: _OPTIONAL_SECONDS,
    bool: _FLAG,
    ClientIds: _MODE,
}
NAMES: Mapping[str, object] = {each.name: each.type for each in fields(Switches)}
"""Name of a switch -> its type."""
TEXTS: Mapping[str, str] = {each.name: each.metadata["text"] for each in fields(Switches)}
"""Name of a switch -> what it does, for people."""


def changed(switches: Switches, changes: object) -> Switches:
    """The switches with some of them set.

    Raises:
        Refused: status 400 for an unknown name, with the list of names, or a value that does not fit.
    """
    faults = FaultList()
    if not isinstance(changes, dict):
        faults.add("", f"must be a JSON object; known switches are {', '.join(NAMES)}", code="INVALID_SWITCH")
        faults.raise_if_any()
        return switches
    for name, value in changes.items():
        if name not in NAMES:
            faults.add(str(name), f"is no switch; known are {', '.join(NAMES)}", code="INVALID_SWITCH")
            continue
        fits, wanted = _FITS[NAMES[name]]
        if not fits(value):
            faults.add(name, f"must be {wanted}", code="INVALID_SWITCH")
    faults.raise_if_any()
    return replace(switches, **changes)
