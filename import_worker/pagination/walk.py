"""A lane's walk over its pages: from a stored cursor to a call, from a page to the next cursor.

Owns the cursor's form, how stop conditions combine, and what bounds every walk: the progress guard and max_pages.
"""

import json
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter

from import_worker.config.pagination import Auto, Explicit, Pagination, asked_size, why_no_lanes
from import_worker.errors import SourceBroken
from import_worker.pagination.counted import Stride
from import_worker.pagination.detect import choose
from import_worker.pagination.guard import Guard, Repeated
from import_worker.pagination.seen import Call, Position, Seen
from import_worker.pagination.stated import Said, Statements
from import_worker.pagination.steps import Steps, steps_of
from import_worker.ports import Cursor

_VERSION = 2
_MAX_POSITION = 16 * 1024  # characters; it is stored with every page


_EXPLICIT: TypeAdapter[Explicit] = TypeAdapter(Annotated[Explicit, Field(discriminator="type")])

_REPEATED_HINT = (
    ". If the source answers its last page again beyond the end, name a total, or write on_repeated_page: stop; if its "
    "records cannot be told apart, accept"
)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a page means for its lane.

    Attributes:
        next_cursor: where to go on. None: a stop condition ended the lane.
        number: of the page within the resource, over all lanes, from 0.
        repeated: the page is the one before once more, so its records count for nothing.
        full: it held as many records as were asked for; True where the pagination names no size.
        total: records in all, as the page states it.
        kind: of the pagination that was followed.
    """

    next_cursor: Cursor | None
    number: int
    repeated: bool
    full: bool
    total: int | None
    kind: str


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a walk stands when it gets a page."""

    position: Position | None
    page: int
    given: int
    guard: Guard | None

    @classmethod
    def of(cls, cursor: Cursor | None) -> "_Place":
        if cursor is None:
            return cls(position=None, page=0, given=0, guard=None)
        return cls(
            position=cursor["position"],
            page=cursor["page"],
            given=cursor["given"],
            guard=Guard.restore(cursor["guard"]),
        )


@dataclass(frozen=True, kw_only=True)
class _Way:
    """A pagination and what follows from it."""

    pagination: Explicit
    steps: Steps
    statements: Statements

    @property
    def size(self) -> int | None:
        return asked_size(self.pagination)


class Walk:
    """The walk of one lane of a resource. Holds no state of its own: everything is in the cursor."""

    def __init__(
        self,
        pagination: Pagination,
        *,
        first_url: str,
        secret_params: frozenset[str] = frozenset(),
        lane: int = 0,
        lanes: int = 1,
    ) -> None:
        """Prepare.

        Args:
            pagination: its kind and settings.
            first_url: absolute address of the first page, without secrets.
            secret_params: query parameters that must not enter a cursor.
            lane: number of this lane, from 0.
            lanes: how many share the pages: this one reads pages lane, lane + lanes, lane + 2 lanes and so on.

        Raises:
            ValueError: the pagination does not let several lanes share its pages.
        """
        refusal = why_no_lanes(pagination)
        if lanes > 1 and refusal is not None:
            raise ValueError(refusal)
        self._pagination = pagination
        self._stride = Stride(lane=lane, lanes=lanes)
        self._first_url = first_url
        self._secret_params = secret_params
        self._fixed = None if isinstance(pagination, Auto) else self._way(pagination)

    def call(self, cursor: Cursor | None) -> Call:
        """How the page at a cursor is asked for; None is the lane's first page.

        Raises:
            SourceBroken: the cursor is not one of this walk's.
        """
        self._check(cursor)
        way = self._fixed or self._pinned(cursor)
        return Call(url=self._first_url) if way is None else way.steps.call(cursor and cursor["position"])

    def turn(self, cursor: Cursor | None, seen: Seen) -> Turn:
        """What the page that was read at a cursor means for the lane.

        Raises:
            SourceBroken: the page leads nowhere, in a circle or off the origin, contradicts what the source states
                about the whole, or pages exceed max_pages.
        """
        way = self._fixed or self._pinned(cursor) or self._way(choose(seen))
        at = _Place.of(cursor)
        said = way.statements.read(seen)
        token = json.dumps([way.steps.token(at.position, seen)], sort_keys=True, default=str)
        try:
            guard = Guard.at(token) if at.guard is None else at.guard.advance(token)
        except Repeated as repeated:
            self._check_repeated(way, at, seen, said, at_once=repeated.at_once)
            return self._turn(way, at, seen, said, None, repeated=True)
        following = self._following(way, at, seen, said)
        if following is None:
            return self._turn(way, at, seen, said, None)
        if self._number(at.page + 1) >= self._pagination.max_pages:
            most = self._pagination.max_pages
            raise SourceBroken(f"there are more than max_pages = {most} pages; raise it if that is right")
        pinned = {} if self._fixed else {"pinned": way.pagination.model_dump(mode="json")}
        cursor = {
            "version": _VERSION,
            "kind": self._pagination.type,
            "lane": [self._stride.lane, self._stride.lanes],
            "page": at.page + 1,
            "given": at.given + len(seen.records),
            "position": following,
            "guard": guard.state(),
            **pinned,
        }
        return self._turn(way, at, seen, said, cursor)

    def _way(self, pagination: Explicit) -> _Way:
        return _Way(
            pagination=pagination,
            steps=steps_of(pagination, self._first_url, self._secret_params, self._stride),
            statements=Statements(pagination),
        )

    def _pinned(self, cursor: Cursor | None) -> _Way | None:
        """What `auto` chose on the first page; None before it."""
        return None if cursor is None else self._way(_EXPLICIT.validate_json(json.dumps(cursor["pinned"])))

    def _turn(
        self, way: _Way, at: _Place, seen: Seen, said: Said, cursor: Cursor | None, *, repeated: bool = False
    ) -> Turn:
        return Turn(
            next_cursor=cursor,
            number=self._number(at.page),
            repeated=repeated,
            full=way.size is None or (len(seen.records) >= way.size and not repeated),
            total=said.total,
            kind=way.pagination.type,
        )

    def _number(self, page: int) -> int:
        return self._stride.lane + self._stride.lanes * page

    def _following(self, way: _Way, at: _Place, seen: Seen, said: Said) -> Position | None:
        """The position after a page. Each stop condition can end the walk; none can go on where another ends it."""
        count, total = len(seen.records), said.total
        if at.position is None and total is not None and count > total:
            raise SourceBroken(
                f"{seen.url} answered {count} records and states {total} as the number of all; check total_path or "
                "total_header (what counts pages is total_pages_path or total_pages_header of page_number)"
            )
        reached = way.steps.reached(at.position, at.given, seen)
        following = way.steps.after(at.position, seen, total)
        stop_when_empty = getattr(way.pagination, "stop_after_empty_page", False)
        ends = (
            said.more is False,
            stop_when_empty and not count,
            total is not None and reached >= total,
        )
        if following is not None and not any(ends):
            _check_storable(following, seen)
            return following
        if self._stride.lanes == 1 and total is not None and reached < total:
            raise SourceBroken(
                f"the pages end with {seen.url}, although the source states {total} records and gave {reached}; check "
                f"the {way.pagination.type} pagination and what the total counts"
            )
        return None

    def _check_repeated(self, way: _Way, at: _Place, seen: Seen, said: Said, *, at_once: bool) -> None:
        """A page that comes again is an error, but for the last one where the file says that it does."""
        reaction = getattr(way.pagination, "on_repeated_page", None)
        where = f"the pages run in a circle: page {self._number(at.page) + 1} at {seen.url} was read before"
        if reaction != "stop" or not at_once:
            hint = "" if reaction is None else _REPEATED_HINT
            kind = way.pagination.type
            raise SourceBroken(f"{where}; check the {kind} pagination and the parameters of the resource{hint}")
        if said.total is not None and self._stride.lanes == 1 and at.given < said.total:
            raise SourceBroken(f"{where}, although the source states {said.total} records and gave {at.given}")
        if at.page == 1 and (way.size is None or at.given >= way.size):
            raise SourceBroken(
                f"{where}: it is the first once more, and that was full. Whether there is only one page, or the source "
                "ignores the parameter that counts, is unknown; name a total"
            )

    def _check(self, cursor: Cursor | None) -> None:
        mine = [_VERSION, self._pagination.type, [self._stride.lane, self._stride.lanes]]
        if cursor is not None and [cursor.get("version"), cursor.get("kind"), cursor.get("lane")] != mine:
            raise SourceBroken(
                "the stored position was written by another version, pagination or number of lanes; start the import "
                "anew"
            )


def _check_storable(position: Position, seen: Seen) -> None:
    try:
        size = len(json.dumps(position))
    except TypeError:
        raise SourceBroken(f"{seen.url} names the next page by a number that cannot be stored exactly") from None
    if size > _MAX_POSITION:
        raise SourceBroken(f"{seen.url} names the next page by {size} characters; at most {_MAX_POSITION} are kept")
