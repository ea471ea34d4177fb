"""What speaks for a pagination that counts: totals, echoed numbers and the query; and what says that nothing follows.

Owns which of them are beyond doubt. A finder yields candidates from the signs of a first page.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from import_worker.config.pagination import Cursor, JsonLink, Offset, PageNumber, SinglePage
from import_worker.pagination import conventions as names
from import_worker.pagination.candidates import Candidate, Sureness
from import_worker.pagination.signs import Signs


@dataclass(frozen=True, kw_only=True)
class Total:
    number: int
    path: str | None = None
    header: str | None = None

    @property
    def place(self) -> str:
        return self.path or f"the header {self.header}"


def total_of(signs: Signs) -> Total | None:
    """How many records there are in all, where the name allows no doubt."""
    field = signs.field(names.TOTAL, int)
    if field is not None:
        return Total(number=field.value, path=field.selector)
    header = signs.number_header(names.TOTAL_HEADERS)
    return None if header is None else Total(number=header[1], header=header[0])


def offset(signs: Signs) -> Iterator[Candidate]:
    total = total_of(signs)
    echoed, sized = signs.field(names.OFFSET, int), signs.field(names.LIMIT, int)
    param = signs.param(names.OFFSET) or (echoed.key if echoed else None)
    if param is None or (echoed is not None and echoed.value != _whole(signs.query.get(param, "0"))):
        return
    in_query = signs.param(names.LIMIT)
    limit_param = in_query or (sized.key if sized else None)
    asked = _whole(signs.query.get(in_query or "", "")) or (sized.value if sized else 0)
    limit = max(asked, signs.count, 1)
    known = limit_param is not None and total is not None and total.number > signs.count
    yield Candidate(
        pagination=Offset(
            type="offset",
            limit=limit,
            limit_param=limit_param or "limit",
            offset_param=param,
            total_path=total.path if total else None,
            total_header=total.header if total else None,
            has_more_path=signs.more_path(),
        ),
        sureness=Sureness.CERTAIN if known and _whole(signs.query.get(param, "0")) == 0 else Sureness.GUESS,
        evidence=f"records are counted off by {param!r}" + (f", of {total.number} in all" if total else ""),
    )


def page_number(signs: Signs) -> Iterator[Candidate]:
    total, pages = total_of(signs), signs.field(names.PAGES, int)
    pages_header = signs.number_header(names.PAGES_HEADERS)
    echoed = signs.field(names.PAGE, int)
    in_query = signs.param(names.PAGE)
    several = (
        (pages and pages.value > 1)
        or (pages_header and pages_header[1] > 1)
        or (total is not None and total.number > signs.count and (in_query or echoed))
    )
    if not several and (in_query is None or total is not None or pages is not None):
        return
    base = echoed.value if echoed else _whole(signs.query[in_query]) if in_query else None
    size_param = signs.param(names.LIMIT)
    size = _whole(signs.query.get(size_param or "", "")) or None
    pagination = PageNumber(
        type="page_number",
        base_page=base if base in {0, 1} else 1,
        page_param=in_query or (echoed.key if echoed and echoed.name in names.PAGE_PARAMS else "page"),
        page_size=size,
        page_size_param=size_param if size else None,
        total_path=total.path if total else None,
        total_header=total.header if total else None,
        total_pages_path=pages.selector if pages else None,
        total_pages_header=pages_header[0] if pages_header and not pages else None,
        has_more_path=signs.more_path(),
    )
    named = in_query is not None or (echoed is not None and echoed.name in names.PAGE_PARAMS)
    certain = several and named and base in {0, 1}
    stated = pages.selector if pages else total.place if total else "nothing states a total"
    yield Candidate(
        pagination=pagination,
        sureness=Sureness.CERTAIN if certain else Sureness.LIKELY if named else Sureness.GUESS,
        evidence=f"pages are counted ({stated}), and {pagination.page_param!r} may take their number",
    )


def ends(signs: Signs) -> Iterator[Candidate]:
    """Signs that the first page is the last. What kind the source has shows only where it has more."""
    for field in signs.fields:
        if field.value in (None, "") and field.name in names.NEXT_LINKS:
            yield Candidate(
                pagination=JsonLink(type="json_link", next_url_path=field.selector),
                sureness=Sureness.CERTAIN,
                evidence=f"{field.selector} is empty: no page follows",
                ends=True,
            )
        elif field.value in (None, "") and field.name in names.TOKENS:
            param = names.param_of_token(field.key)
            yield Candidate(
                pagination=Cursor(type="cursor", cursor_path=field.selector, cursor_param=param),
                sureness=Sureness.CERTAIN,
                evidence=f"{field.selector} is empty: no page follows",
                ends=True,
            )
    more, total, pages = signs.field(names.MORE, bool), total_of(signs), signs.field(names.PAGES, int)
    if more is not None and not more.value:
        yield _single(f"{more.selector} is false: no page follows")
    if total is not None and total.number == signs.count:
        yield _single(f"{total.place} is {total.number}, and so many records are here", total)
    if pages is not None and pages.value <= 1 and not signs.param(names.PAGE):
        yield _single(f"{pages.selector} is {pages.value}")


def _single(evidence: str, total: "Total | None" = None) -> Candidate:
    path, header = (total.path, total.header) if total else (None, None)
    return Candidate(
        pagination=SinglePage(type="single_page", total_path=path, total_header=header),
        sureness=Sureness.CERTAIN,
        evidence=evidence,
        ends=True,
    )


def guesses(signs: Signs) -> Iterator[Candidate]:
    """What many sources take without a word of it in their answers."""
    if not signs.count:
        return
    total = total_of(signs)
    path, header = (total.path, total.header) if total else (None, None)
    for pagination, param in (
        (PageNumber(type="page_number", page_param="page", total_path=path, total_header=header), "page"),
        (Offset(type="offset", limit=signs.count, total_path=path, total_header=header), "offset"),
    ):
        yield Candidate(pagination=pagination, sureness=Sureness.GUESS, evidence=f"it may take {param!r}")


def everything(signs: Signs) -> Iterator[Candidate]:
    yield Candidate(
        pagination=SinglePage(type="single_page"),
        sureness=Sureness.GUESS,
        evidence=f"nothing else tells whether {signs.count} records are all",
        ends=True,
    )


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= names.MAX_DIGITS else 0
