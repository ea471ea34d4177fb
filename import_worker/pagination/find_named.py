"""What speaks for a pagination whose pages name the next one: links and tokens, in headers and in the body.

Owns which of them are beyond doubt. A finder yields candidates from the signs of a first page.
"""

from collections.abc import Iterator

from import_worker.config.pagination import Continue, Cursor, HeaderLink, JsonLink
from import_worker.pagination import conventions as names
from import_worker.pagination.candidates import Candidate, Sureness
from import_worker.pagination.links import link_with
from import_worker.pagination.signs import Field, Signs, is_link, plain, selector_of


def link_header(signs: Signs) -> Iterator[Candidate]:
    header = signs.headers.get("link", "")
    if link_with(header, "next"):
        yield Candidate(
            pagination=HeaderLink(type="header_link", has_more_path=signs.more_path()),
            sureness=Sureness.CERTAIN,
            evidence="the header Link names a next page",
        )
    elif any(link_with(header, relation) for relation in ("first", "last", "prev", "previous")):
        yield Candidate(
            pagination=HeaderLink(type="header_link"),
            sureness=Sureness.CERTAIN,
            evidence="the header Link names pages, and no next one",
            ends=True,
        )


def named_header(signs: Signs) -> Iterator[Candidate]:
    found = signs.header(names.NEXT_HEADERS)
    if found is None:
        return
    header, value = found
    if is_link(value):
        yield Candidate(
            pagination=HeaderLink(type="header_link", header=header, has_more_path=signs.more_path()),
            sureness=Sureness.CERTAIN,
            evidence=f"the header {header} holds the address of a next page",
        )
    elif value:
        param = signs.param(names.PAGE) or ("page" if value.isdecimal() else names.param_of_token(header))
        yield Candidate(
            pagination=Cursor(type="cursor", cursor_header=header, cursor_param=param),
            sureness=Sureness.CERTAIN if param in signs.query and value.isdecimal() else Sureness.LIKELY,
            evidence=f"the header {header} holds a token of a next page, which {param!r} may take",
        )
    else:
        yield Candidate(
            pagination=HeaderLink(type="header_link", header=header),
            sureness=Sureness.CERTAIN,
            evidence=f"the header {header} is empty: no page follows",
            ends=True,
        )


def json_link(signs: Signs) -> Iterator[Candidate]:
    for field in signs.fields:
        linked = _linked(field)
        if linked is None:
            continue
        selector, optional = linked
        pagination = JsonLink(
            type="json_link", next_url_path=selector, optional=optional, has_more_path=signs.more_path()
        )
        evidence = f"the body holds the address of a next page at {selector}"
        yield Candidate(pagination=pagination, sureness=Sureness.CERTAIN, evidence=evidence)
        return


def _linked(field: Field) -> tuple[str, bool] | None:
    """The selector of a next link that a field holds, and whether the last page may lack it."""
    among_links = any(plain(key) in names.LINKS for key in field.path[:-1])
    if field.name in names.NEXT_LINKS:
        if is_link(field.value):
            return field.selector, among_links or plain(field.key).startswith("odata")
        inner, step = (field.value[0], "[0]") if isinstance(field.value, list) and field.value else (field.value, "")
        if isinstance(inner, dict):
            key = next((key for key, value in inner.items() if plain(key) in names.HREF and is_link(value)), None)
            if key is not None:
                return f"{field.selector}{step}.{selector_of((key,))}", True
    if field.name in names.LINKS and isinstance(field.value, list):
        for each in field.value:
            if isinstance(each, dict) and each.get("rel") == "next":
                key = next((key for key, value in each.items() if plain(key) in names.HREF and is_link(value)), None)
                if key is not None:
                    return f"{field.selector}[?rel=='next'].{selector_of((key,))} | [0]", True
    return None


def continuation(signs: Signs) -> Iterator[Candidate]:
    for field in signs.fields:
        value = field.value
        if field.name not in names.CONTINUE or not isinstance(value, dict) or not value:
            continue
        if not any(isinstance(each, dict | list | None) for each in value.values()):
            yield Candidate(
                pagination=Continue(
                    type="continue", continue_path=field.selector, optional=True, has_more_path=signs.more_path()
                ),
                sureness=Sureness.CERTAIN,
                evidence=f"the body holds parameters of a next page at {field.selector}",
            )


def tokens(signs: Signs) -> Iterator[Candidate]:
    """Tokens: never certain, as the parameter that takes one shows only when it is used."""
    for field in signs.fields:
        wanted = field.name in names.TOKENS or (field.name in names.NEXT_LINKS and not is_link(field.value))
        if wanted and isinstance(field.value, str | int) and field.value not in ("", False, True):
            param = names.param_of_token(field.key)
            yield Candidate(
                pagination=Cursor(
                    type="cursor",
                    cursor_path=field.selector,
                    cursor_param=param,
                    optional=True,
                    has_more_path=signs.more_path(),
                ),
                sureness=Sureness.LIKELY,
                evidence=f"the body holds a token at {field.selector}, which {param!r} may take",
            )
