"""What a walk asks and what it is told: a call for a page, and the page that was seen.

Owns these words, and how a call carries a value in its query or in its body.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from import_worker.config.selectors import Selector, scalar_text
from import_worker.errors import SourceBroken
from import_worker.http.addresses import with_params
from import_worker.ports import Record

Position = Mapping[str, Any]
"""Where a page stands: a small JSON-serialisable mapping. None in its place is the first page."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """How a page is asked for.

    Attributes:
        url: absolute, without secrets.
        body: values by their dotted place in the body of a POST.
    """

    url: str
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a page held.

    Attributes:
        url: its address, without secrets.
        headers: by lower-case name.
        document: the parsed body.
        records: the records in it.
    """

    url: str
    headers: Mapping[str, str]
    document: Any
    records: Sequence[Record]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a call carries a value: in a query parameter, or at a dotted path in its body.

    Attributes:
        param: the query parameter, unless there is a path.
        path: such as "variables.after"; None: the value stands in the query.
    """

    param: str
    path: str | None = None

    def put(self, call: Call, value: Any) -> Call:
        """The call with the value in its place."""
        if self.path is not None:
            return Call(url=call.url, body={**call.body, self.path: value})
        return Call(url=with_params(call.url, {self.param: scalar_text(value)}), body=call.body)


def select(selector: Selector, seen: Seen) -> Any:
    """What a selector finds in a page. Raises SourceBroken."""
    try:
        return selector.select(seen.document)
    except ValueError as error:
        raise SourceBroken(f"{error} (at {seen.url})") from None


def shown(value: Any) -> str:
    """A value for a message."""
    return "nothing" if value is None else json.dumps(value, default=str)[:80]
