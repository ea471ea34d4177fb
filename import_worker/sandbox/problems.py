"""What the sandbox answers when it refuses a request: the status code, and what is wrong at which place.

Codes are those that users of Assets reported for its mapping call, the published ones of a start, and two of our own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

INVALID_DOCUMENT = "INVALID_DOCUMENT"
"""Our own: a rule of the schema and mapping document for which no code was ever reported."""
INVALID_REQUEST = "INVALID_REQUEST"
"""Our own: anything else that is wrong with a request."""
MAX_FAULTS = 20


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong with a request.

    Attributes:
        code: upper-case name of the rule.
        path: where in the body, such as "schema.objectSchema.objectTypes[0].name". Empty: the request as a whole.
        message: what is wrong and what is allowed, for people.
    """

    code: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class Refused(Exception):
    """The request is refused.

    Attributes:
        status: HTTP status code of the answer.
        faults: what is wrong, at least one.
    """

    def __init__(self, status: int, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.status = status
        self.faults = faults

    def body(self) -> dict[str, object]:
        """The answer as JSON: `result`, `errorCode` of the first fault, `errorMessages`, and `errors` with places."""
        shown = self.faults[:MAX_FAULTS]
        messages = [str(fault) for fault in shown]
        if len(self.faults) > len(shown):
            messages.append(f"and {len(self.faults) - len(shown)} more")
        return {
            "result": "error",
            "errorCode": self.faults[0].code,
            "errorMessages": messages,
            "errors": [{"code": fault.code, "path": fault.path, "message": fault.message} for fault in shown],
        }


def refused(status: int, message: str, *, code: str = INVALID_REQUEST, path: str = "") -> Refused:
    """A refusal with a single fault."""
    return Refused(status, Fault(code=code, path=path, message=message))


class FaultList:
    """The faults found so far while a document is checked."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def add(self, path: str, message: str, *, code: str = INVALID_DOCUMENT) -> None:
        """Note one fault."""
        self._faults.append(Fault(code=code, path=path, message=message))

    def raise_if_any(self) -> None:
        """Refuse the document with status 400 if it has faults."""
        if self._faults:
            raise Refused(400, *self._faults)
