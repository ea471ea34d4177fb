"""What can go wrong in an import, as the flow needs to tell it apart. Each class says what the flow does about it."""

from dataclasses import dataclass


class ImportProblem(Exception):
    """Root of all expected problems of an import.

    Attributes:
        reason: short upper-case name, shown on the import, such as "SOURCE_ERROR".
        message: what happened, where, and what to do, for people. Holds no secret.
    """

    reason = "IMPORT_PROBLEM"

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or type(self).reason


class Permanent(ImportProblem):
    """Trying again cannot help: the run fails and its execution is cancelled."""

    reason = "PERMANENT"


class Transient(ImportProblem):
    """Trying again may help: the step asks the queue for a retry, which counts as a failure of its event."""

    reason = "TRANSIENT"


class Throttled(ImportProblem):
    """The outside asks to wait: the step is released with that delay, which counts for nothing.

    Attributes:
        after: seconds to wait from now.
    """

    reason = "THROTTLED"

    def __init__(self, message: str, *, after: float) -> None:
        super().__init__(message)
        self.after = after


class SourceBroken(Permanent):
    """The source answers something that no retry mends: a wrong page, a wrong type, a refusal."""

    reason = "SOURCE_ERROR"


class SourceUnavailable(Transient):
    """The source did not answer, broke off, or answered with a server error."""

    reason = "SOURCE_UNAVAILABLE"


class MappingBroken(Permanent):
    """The mapping does not fit the records of the source."""

    reason = "MAPPING_ERROR"


class DestinationBroken(Permanent):
    """The destination refuses what no retry mends."""

    reason = "DESTINATION_ERROR"


class DestinationUnavailable(Transient):
    """The destination did not answer or answered with a server error."""

    reason = "DESTINATION_UNAVAILABLE"


class DestinationBusy(ImportProblem):
    """The destination runs another execution."""

    reason = "DESTINATION_BUSY"


class ChunkTooLarge(ImportProblem):
    """The destination takes no chunk of this size: halve it."""

    reason = "CHUNK_TOO_LARGE"


class ExecutionLost(ImportProblem):
    """The destination no longer has the execution open: a new one must receive the whole set."""

    reason = "EXECUTION_LOST"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault of a configuration file.

    Attributes:
        file: name of the file as it was given.
        line: line number, counted from 1.
        path: where in the document, such as "assets.object_types[0].attributes.Serial".
        message: what is wrong and what is allowed.
    """

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}: {self.message}"


class ConfigInvalid(Permanent):
    """A configuration file is faulty.

    Attributes:
        faults: every fault that was found, at least one.
    """

    reason = "CONFIG_INVALID"

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults
