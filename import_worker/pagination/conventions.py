"""How public APIs call what belongs to their pages. Names are compared without letter case and punctuation.

Owns these lists, and which parameter a token is sent back by.
"""

import re

MAX_DIGITS = 18
"""Longer numbers are no counts."""

NEXT_HEADERS = frozenset(
    {"next-page", "x-next-page", "next-link", "x-next-link", "x-next-url", "next-url", "x-next-token", "x-next-cursor"}
)
TOTAL_HEADERS = frozenset(
    {"x-total-count", "x-total", "total-count", "total-objects", "x-total-results", "x-records", "x-result-count"}
)
PAGES_HEADERS = frozenset({"x-total-pages", "total-pages", "x-page-count"})

NEXT_LINKS = frozenset(
    {"next", "nexturl", "nexturi", "nextlink", "nexthref", "nextpage", "nextpageurl", "nextpageuri", "nextpagelink"}
    | {"odatanextlink"}
)
LINKS = frozenset({"links", "link", "pagination", "paging", "relations"})
HREF = frozenset({"href", "url", "uri"})
CONTINUE = frozenset({"continue", "querycontinue"})
MORE = frozenset({"hasmore", "more", "hasnext", "hasnextpage", "moreavailable", "moreresults", "hasmoreitems"})

TOTAL = frozenset(
    {"total", "totalcount", "totalrecords", "totalitems", "totalresults", "totalelements", "totalsize", "totalrows"}
    | {"totalhits", "totalobjects", "totalentries", "recordstotal", "numfound"}
)
PAGES = frozenset(
    {"totalpages", "pages", "pagecount", "pagestotal", "totalpagecount", "numpages", "lastpage", "nbpages"}
)
PAGE_PARAMS = frozenset({"page", "pagenumber", "pageno", "pageindex", "pagenum"})
PAGE = PAGE_PARAMS | {"currentpage", "number"}
OFFSET = frozenset({"offset", "start", "startat", "skip", "startindex"})
LIMIT = frozenset(
    {"limit", "pagesize", "perpage", "size", "maxresults", "take", "itemsperpage", "rows", "pagelimit", "hitsperpage"}
)
TOKENS = frozenset(
    {"nextcursor", "cursor", "endcursor", "nextpagetoken", "nexttoken", "pagetoken", "paginationtoken", "scrollid"}
    | {"continuationtoken", "nextcontinuationtoken", "nextmarker", "marker", "nextpagekey", "bookmark", "nextoffset"}
    | {"after", "continuation"}
)

_SENT_AS_NAMED = frozenset({"nexttoken", "scrollid", "next"})
_SENT_OTHERWISE = {"endcursor": "after"}


def param_of_token(key: str) -> str:
    """The parameter by which most APIs take a token that they hold under a key: next_cursor is taken by cursor."""
    name = re.sub(r"[^a-z0-9]", "", key.lower())
    if name in _SENT_OTHERWISE:
        return _SENT_OTHERWISE[name]
    rest = re.sub(r"^(x-)?next[_.-]?", "", key, flags=re.IGNORECASE)
    if name in _SENT_AS_NAMED or not rest:
        return key
    return rest[0].lower() + rest[1:]
