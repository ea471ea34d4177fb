"""A paginated API that is made up from choices, and walks over it as the flow makes them: cursor by cursor."""

import json
import math
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import strategies as st
from pydantic import TypeAdapter

from import_worker.config.pagination import Pagination
from import_worker.pagination.seen import Call, Seen
from import_worker.pagination.walk import Walk

FIRST = "http://source.test/api/items"
KINDS = ("page_number", "offset", "cursor", "cursor_header", "body_cursor", "json_link", "header_link", "continue")
COUNTED = {"page_number", "offset"}
BOUND = 400  # pages; more is a walk that does not end


@dataclass(frozen=True, kw_only=True)
class Api:
    """A source of `count` records. Its answers follow from its choices alone.

    Attributes:
        size: records of a page; for counted kinds what is asked for, of which it gives at most `most`.
        total: where it states the number of records: None, "body" or "header".
        pages: whether it states the number of pages.
        more: whether it states that more follows.
        beyond: what it answers beyond its end: "empty" or "last", its last page again.
        sticky: its last page names itself as the next one.
        echo: whether it states which page this is.
        gaps: pages without records before each page that has some (kinds that name the next page).
    """

    kind: str
    count: int
    size: int
    most: int = 1000
    total: str | None = None
    pages: bool = False
    more: bool = False
    beyond: str = "empty"
    sticky: bool = False
    echo: bool = False
    gaps: int = 0

    @property
    def records(self):
        return [{"id": number, "text": f"r{number}"} for number in range(self.count)]

    def settings(self):
        """The pagination as a file would have it."""
        ways = {
            "page_number": {"type": "page_number", "page_size": self.size, "page_size_param": "per_page"},
            "offset": {"type": "offset", "limit": self.size},
            "cursor": {"type": "cursor", "cursor_path": "meta.next", "cursor_param": "cursor"},
            "cursor_header": {"type": "cursor", "cursor_header": "X-Next-Token", "cursor_param": "token"},
            "body_cursor": {"type": "cursor", "cursor_path": "meta.next", "cursor_body_path": "page.after"},
            "json_link": {"type": "json_link", "next_url_path": "meta.next"},
            "header_link": {"type": "header_link"},
            "continue": {"type": "continue", "continue_path": "continue", "optional": True},
        }
        found = dict(ways[self.kind])
        found |= {"body": {"total_path": "meta.total"}, "header": {"total_header": "X-Total-Count"}}.get(self.total, {})
        found |= {"total_pages_path": "meta.total_pages"} if self.pages else {}
        found |= {"has_more_path": "meta.has_more"} if self.more else {}
        found |= {"on_repeated_page": "stop"} if self.beyond == "last" else {}
        return found

    def answer(self, call: Call) -> Seen:
        query = dict(parse_qsl(urlsplit(call.url).query))
        first, last, size = self._range(query, call.body)
        rows = self.records[first:last]
        document, headers = {"rows": rows, "meta": {}}, {}
        whole = max(math.ceil(self.count / size), 1)
        stated = {"total": self.count} if self.total == "body" else {}
        stated |= {"total_pages": whole} if self.pages else {}
        stated |= {"has_more": last < self.count} if self.more else {}
        if self.echo:
            page = {"page": first // size + 1, "per_page": size}
            stated |= page if self.kind == "page_number" else {"offset": first, "limit": size}
        if self.total == "header":
            headers["x-total-count"] = str(self.count)
        number = self._number(query, call.body)
        if self.kind not in COUNTED:
            final = number >= whole * (self.gaps + 1) - 1
            following = (number if self.sticky else None) if final else number + 1
            self._name(following, document, headers)
            stated |= {"has_more": not final} if self.more else {}
        document["meta"] |= stated
        return Seen(url=call.url, headers=headers, document=document, records=rows)

    def _number(self, query, body):
        token = query.get("cursor") or query.get("token") or body.get("page.after") or query.get("p") or "t0"
        return int(str(token)[1:])

    def _range(self, query, body):
        """First and last record of the page that is asked for, and the size that holds."""
        if self.kind == "page_number":
            size = min(int(query.get("per_page", self.size)), self.most)
            first = (int(query.get("page", 1)) - 1) * size
        elif self.kind == "offset":
            size = min(int(query.get("limit", self.size)), self.most)
            first = int(query.get("offset", 0))
        else:
            size, number = self.size, self._number(query, body)
            if (number + 1) % (self.gaps + 1):
                return self.count, self.count, size  # a gap
            first = number // (self.gaps + 1) * size
        if first >= self.count and self.beyond == "last" and self.count:
            first = (self.count - 1) // size * size
        return first, min(first + size, self.count), size

    def _name(self, following, document, headers):
        name = None if following is None else f"t{following}"
        if self.kind == "header_link":
            headers["link"] = f'<{FIRST}?p={name}>; rel="next"' if name else '</>; rel="first"'
        elif self.kind == "cursor_header":
            headers["x-next-token"] = name or ""
        elif self.kind == "continue":
            document |= {"continue": {"cursor": name, "continue": "-||"}} if name else {}
        else:
            document["meta"]["next"] = f"?p={name}" if name and self.kind == "json_link" else name


def walk_of(settings, **lane):
    return Walk(TypeAdapter(Pagination).validate_json(json.dumps(settings)), first_url=FIRST, **lane)


def read_from(api, settings, cursor=None, *, lane=0, lanes=1):
    """The pages from a cursor on, as (cursor, records, turn); every page by a walk that remembers nothing."""
    pages = []
    while True:
        walk = walk_of(settings, lane=lane, lanes=lanes)
        seen = api.answer(walk.call(cursor))
        turn = walk.turn(cursor, seen)
        pages.append((cursor, [] if turn.repeated else list(seen.records), turn))
        assert len(pages) < BOUND
        if turn.next_cursor is None:
            return pages
        cursor = json.loads(json.dumps(turn.next_cursor))


@st.composite
def apis(draw, kinds=KINDS):
    """APIs whose own statements suffice to walk them."""
    kind = draw(st.sampled_from(kinds))
    choices = {
        "kind": kind,
        "count": draw(st.integers(0, 40)),
        "size": draw(st.integers(1, 12)),
        "total": draw(st.sampled_from([None, "body", "header"])),
        "more": draw(st.booleans()),
    }
    if kind in COUNTED:
        choices["most"] = draw(st.sampled_from([1000, 5, 3]))
        choices["beyond"] = draw(st.sampled_from(["empty", "last"]))
        choices["echo"] = draw(st.booleans())
        choices["pages"] = kind == "page_number" and draw(st.booleans())
    else:
        choices["gaps"] = draw(st.integers(0, 2))
        choices["sticky"] = choices["more"] and draw(st.booleans())
    return Api(**choices)


class Made:
    """What the tests of pagination share."""

    Api, FIRST, KINDS, BOUND = Api, FIRST, KINDS, BOUND
    apis, read_from, walk_of = staticmethod(apis), staticmethod(read_from), staticmethod(walk_of)


@pytest.fixture(scope="session")
def made():
    return Made
