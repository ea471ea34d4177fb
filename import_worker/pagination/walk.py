"""A lane's walk over its pages: from a stored cursor to an address, from a page to the next cursor.

Owns the cursor's form and what bounds every walk: the progress guard and max_pages.
"""

from import_worker.config.pagination import Pagination
from import_worker.errors import SourceBroken
from import_worker.pagination.guard import Guard, Repeated
from import_worker.pagination.steps import Seen, steps_of
from import_worker.ports import Cursor

_VERSION = 1


class Walk:
    """The walk of one resource. Holds no state of its own: everything is in the cursor."""

    def __init__(self, pagination: Pagination, *, first_url: str, secret_params: frozenset[str] = frozenset()) -> None:
        """Prepare.

        Args:
            pagination: its kind and settings.
            first_url: absolute address of the first page, without secrets.
            secret_params: query parameters that must not enter a cursor.
        """
        self._kind = pagination.type
        self._max_pages = pagination.max_pages
        self._steps = steps_of(pagination, first_url, secret_params)

    def address(self, cursor: Cursor | None) -> str:
        """Where the page at a cursor is read; None is the first page.

        Raises:
            SourceBroken: the cursor is not one of this walk's.
        """
        self._check(cursor)
        return self._steps.address(cursor and cursor["position"])

    def after(self, cursor: Cursor | None, seen: Seen) -> Cursor | None:
        """The cursor after the page that was read at a cursor; None where a stop condition ends the lane.

        Raises:
            SourceBroken: the page leads nowhere, in a circle or off the origin, or pages exceed max_pages.
        """
        position = cursor and cursor["position"]
        page = cursor["page"] if cursor else 0
        following = self._steps.after(position, seen)
        token = self._steps.token(position, seen)
        try:
            guard = Guard.restore(cursor["guard"]).advance(token) if cursor else Guard.at(token)
        except Repeated:
            raise SourceBroken(
                f"the pages run in a circle: page {page + 1} at {seen.url} was read before; "
                f"check the {self._kind} pagination and the parameters of the resource"
            ) from None
        if following is None:
            return None
        if page + 1 >= self._max_pages:
            raise SourceBroken(f"there are more than max_pages = {self._max_pages} pages; raise it if that is right")
        return {
            "version": _VERSION,
            "kind": self._kind,
            "page": page + 1,
            "position": following,
            "guard": guard.state(),
        }

    def _check(self, cursor: Cursor | None) -> None:
        if cursor is not None and (cursor.get("version"), cursor.get("kind")) != (_VERSION, self._kind):
            raise SourceBroken(
                "the stored position was written by another version or pagination; start the import anew"
            )
