"""Where a read stands and where it goes on: in its lane's entry, or for the children of records in its own event.

Owns the form of that event: the parents that are left, and the cursor within the list of the first of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import longshore
from import_worker.flow.events import Ask
from import_worker.ports import Cursor, Page
from import_worker.runs.entries import Lane
from import_worker.runs.lanes import ParentRecord


@dataclass(frozen=True, kw_only=True)
class Position:
    """The page that is read next.

    Attributes:
        cursor: where it is. None: the first page of a list.
        parents: whose lists are left, that of the first being read. Empty: the resource has no parent.
    """

    cursor: Cursor | None
    parents: Sequence[ParentRecord] = ()

    @classmethod
    def of(cls, event: longshore.Event, lane: Lane) -> "Position":
        """Where the read of an event stands."""
        if not Ask.of(event).chain:
            return cls(cursor=lane.cursor)
        parents = [ParentRecord(key=key, include=include) for key, include in event.body["parents"]]
        return cls(cursor=event.body["cursor"], parents=parents)

    def rest(self) -> Any:
        """As an event carries it; None where the lane's entry has it."""
        if not self.parents:
            return None
        return {"parents": [[parent.key, parent.include] for parent in self.parents], "cursor": self.cursor}

    @property
    def parent(self) -> ParentRecord | None:
        """Whose list is read."""
        return self.parents[0] if self.parents else None

    def filled(self, page: Page) -> Page:
        """The page with the fields that its records take over from their parent."""
        if self.parent is None or not self.parent.include:
            return page
        return replace(page, records=[{**record, **self.parent.include} for record in page.records])

    def after(self, page: Page) -> "Position | None":
        """Where it goes on after the page. None: this was the last one."""
        if page.next_cursor is not None:
            return replace(self, cursor=page.next_cursor)
        if len(self.parents) > 1:
            return Position(cursor=None, parents=self.parents[1:])
        return None
