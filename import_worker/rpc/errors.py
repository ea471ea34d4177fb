"""How the worker's problems are answered: one table from class to Failure."""

from collections.abc import Callable, Mapping
from typing import Any

import grpc

import longshore
from import_worker.catalogue import InlineRefused, NotConfigured
from import_worker.config.inputs import InputsInvalid
from import_worker.errors import ConfigInvalid, ImportProblem
from import_worker.flow.control import TooManyRaces
from import_worker.flow.view import NoSuchImport
from import_worker.flow.watch import Stopping
from import_worker.runs.run import WrongTransition
from longshore.serving import Failure, FieldFault
from longshore.serving.status import MAX_MESSAGE_BYTES

RETRY_SECONDS = 1.0


class InvalidRequest(Exception):
    """A field of the request is faulty.

    Attributes:
        field: its name.
        description: what is wrong and what is allowed.
    """

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field} {description}")
        self.field = field
        self.description = description


def translate(error: Exception) -> Failure | None:
    """The answer to a problem. None: it is not an expected one."""
    answer = next((answer for kind, answer in _ANSWERS.items() if isinstance(error, kind)), None)
    return None if answer is None else answer(error)


def _invalid_request(error: InvalidRequest) -> Failure:
    return Failure(
        code=grpc.StatusCode.INVALID_ARGUMENT,
        reason="ERROR_REASON_INVALID_REQUEST",
        message=str(error),
        faults=(FieldFault(field=error.field, description=error.description),),
    )


def _inputs_invalid(error: InputsInvalid) -> Failure:
    return Failure(
        code=grpc.StatusCode.INVALID_ARGUMENT,
        reason="ERROR_REASON_INVALID_REQUEST",
        message=str(error),
        faults=tuple(FieldFault(field=f"inputs.{name}", description=fault) for name, fault in error.faults.items()),
    )


def _inline_refused(error: InlineRefused) -> Failure:
    return _invalid_request(InvalidRequest("config", f"is refused: {error}"))


def _config_invalid(error: ConfigInvalid) -> Failure:
    return Failure(
        code=grpc.StatusCode.INVALID_ARGUMENT,
        reason="ERROR_REASON_CONFIG_INVALID",
        message=_whole_lines(str(error)),
        faults=tuple(FieldFault(field=fault.path, description=str(fault)) for fault in error.faults),
    )


def _whole_lines(text: str) -> str:
    """As many lines as a message holds, so that none is cut; what is left out stands in the violations."""
    if len(text.encode()) <= MAX_MESSAGE_BYTES:
        return text
    return text.encode()[:MAX_MESSAGE_BYTES].decode(errors="ignore").rpartition("\n")[0] or text


def _not_configured(error: NotConfigured) -> Failure:
    return _not_found(str(error), error.name)


def _no_such_import(error: NoSuchImport) -> Failure:
    return _not_found(f"there is no import {error}, or it ended more than 30 days ago", str(error))


def _not_found(message: str, name: str) -> Failure:
    return Failure(
        code=grpc.StatusCode.NOT_FOUND,
        reason="ERROR_REASON_IMPORT_NOT_FOUND",
        message=message,
        resource=("import", name),
    )


def _problem(error: ImportProblem) -> Failure:
    return Failure(
        code=grpc.StatusCode.FAILED_PRECONDITION,
        reason="ERROR_REASON_WRONG_STATE",
        message=error.message,
        precondition=("import", error.reason),
    )


def _wrong_state(error: WrongTransition) -> Failure:
    return Failure(
        code=grpc.StatusCode.FAILED_PRECONDITION,
        reason="ERROR_REASON_WRONG_STATE",
        message=f"the import is {error.state}, past its point of no return: Assets has been told that the set is whole",
        precondition=("import", error.state),
    )


def _out_of_reach(error: longshore.LongshoreError) -> Failure:
    return _unavailable(f"the broker does not answer: {error.message}")


def _no_room(error: longshore.DiskFull) -> Failure:
    return Failure(
        code=grpc.StatusCode.RESOURCE_EXHAUSTED,
        reason="ERROR_REASON_DISK_FULL",
        message=f"the broker: {error.message}",
        quota="disk",
        retry_after=error.retry_after or RETRY_SECONDS,
    )


def _busy(error: TooManyRaces) -> Failure:
    return _unavailable(f"{error}: try again")


def _stopping(_error: Stopping) -> Failure:
    return _unavailable("the worker is stopping: ask again")


def _unavailable(message: str) -> Failure:
    return Failure(
        code=grpc.StatusCode.UNAVAILABLE,
        reason="ERROR_REASON_UNAVAILABLE",
        message=message,
        retry_after=RETRY_SECONDS,
    )


_ANSWERS: Mapping[type[Exception], Callable[[Any], Failure]] = {
    InvalidRequest: _invalid_request,
    InputsInvalid: _inputs_invalid,
    InlineRefused: _inline_refused,
    ConfigInvalid: _config_invalid,
    NotConfigured: _not_configured,
    NoSuchImport: _no_such_import,
    WrongTransition: _wrong_state,
    TooManyRaces: _busy,
    Stopping: _stopping,
    ImportProblem: _problem,
    longshore.Unavailable: _out_of_reach,
    longshore.DeadlineExceeded: _out_of_reach,
    longshore.DiskFull: _no_room,
}
