"""Error rules: the first one that holds decides, those of the resource before those of the source and the built-in."""

import pytest

from import_worker.config import parse_import
from import_worker.errors import ConfigInvalid, SourceBroken, SourceUnavailable, Throttled

ROWS = [{"id": 1}]


def rules(*found):
    return {"error_rules": list(found)}


def rule(action, **when):
    message = when.pop("message", None)
    return {"when": when, "action": action, **({"message": message} if message else {})}


@pytest.mark.parametrize(
    ("when", "answer", "matches"),
    [
        ({"status": [404, 410]}, (410, b"{}"), True),
        ({"status": [404]}, (400, b"{}"), False),
        ({"json": {"path": "error.code", "in": ["BUSY", 17]}}, (200, b'{"error": {"code": "BUSY"}}'), True),
        ({"json": {"path": "error.code", "in": ["BUSY", 17]}}, (200, b'{"error": {"code": 17}}'), True),
        ({"json": {"path": "error.code", "in": ["BUSY"]}}, (400, b'{"error": {"code": "WRONG"}}'), False),
        ({"json": {"path": "error.code", "in": ["BUSY"]}}, (400, b'{"error": "BUSY"}'), False),
        ({"json": {"path": "ok", "in": [False]}}, (200, b'{"ok": false}'), True),
        ({"json": {"path": "ok", "in": [0]}}, (400, b'{"ok": false}'), False),
        ({"json": {"path": "ok", "in": [None]}}, (200, b'{"ok": null}'), True),
        ({"json": {"path": "error"}}, (200, b'{"error": "any"}'), True),
        ({"json": {"path": "error"}}, (400, b'{"error": null}'), False),
        ({"json": {"path": "error"}}, (400, b"<html>"), False),
        ({"json": {"path": "lower(error)", "in": ["busy"]}}, (400, b'{"error": 7}'), False),
        ({"header": {"name": "X-Error"}}, (200, b"[]"), True),
        ({"header": {"name": "x-error", "in": ["busy"]}}, (200, b"[]"), True),
        ({"header": {"name": "X-Error", "in": ["other"]}}, (400, b"[]"), False),
        ({"header": {"name": "X-Absent"}}, (400, b"[]"), False),
        ({"status": [200], "header": {"name": "X-Error"}, "json": {"path": "e"}}, (200, b'{"e": 1}'), True),
        ({"status": [200], "header": {"name": "X-Error"}, "json": {"path": "e"}}, (400, b'{"e": 1}'), False),
        ({"status": [400], "page": "first"}, (400, b"{}"), True),
    ],
)
async def test_what_a_condition_holds_for(server, replies, open_source, when, answer, matches):
    server.on("/items", replies.status(*answer, X_Error="busy"))
    source = open_source(server.url, **rules(rule("fail", message="by the rule", **when)))
    with pytest.raises(SourceBroken) as caught:
        await source.read("items", None)
    assert ("by the rule" in caught.value.message) is matches


@pytest.mark.parametrize(
    ("action", "problem", "asked"),
    [("retry", SourceUnavailable, 4), ("fail", SourceBroken, 1), ("rate_limited", Throttled, 4)],
)
async def test_what_an_action_does(server, replies, open_source, action, problem, asked):
    server.on("/items", replies.status(200, b'{"status": "BUSY"}'))
    busy = rule(action, json={"path": "status", "in": ["BUSY"]}, message="the index is being built")
    source = open_source(server.url, source=rules(busy))
    with pytest.raises(problem, match=r"GET .* answered 200: the index is being built: .*BUSY"):
        await source.read("items", None)
    assert len(server.asked) == asked


async def test_a_retry_may_succeed(server, replies, open_source, waits):
    server.on("/items", replies.status(200, b'{"status": "BUSY"}'), replies.answer(ROWS))
    source = open_source(server.url, source=rules(rule("retry", json={"path": "status", "in": ["BUSY"]})))
    assert (await source.read("items", None)).records == ROWS
    assert len(waits) == 1


async def test_rate_limited_waits_as_long_as_the_answer_says(server, replies, open_source):
    server.on("/items", replies.status(400, b"{}", Retry_After="77"))
    with pytest.raises(Throttled) as caught:
        await open_source(server.url, source=rules(rule("rate_limited", status=[400]))).read("items", None)
    assert caught.value.after == 77


async def test_the_first_rule_that_holds_decides_and_the_resource_comes_first(server, replies, open_source):
    server.on("/items", replies.status(500, b"{}"))
    of_source = rules(rule("fail", status=[500], message="of the source"), rule("fail", status=[500], message="never"))
    with pytest.raises(SourceBroken, match="of the source"):
        await open_source(server.url, source=of_source).read("items", None)
    of_resource = rules(rule("fail", status=[404]), rule("fail", status=[500], message="of the resource"))
    with pytest.raises(SourceBroken, match="of the resource"):
        await open_source(server.url, source=of_source, **of_resource).read("items", None)


async def test_an_empty_page_by_rule_is_told_from_one_of_the_source(server, replies, open_source):
    server.on("/items", replies.status(404, b"<html>"))
    page = await open_source(server.url, **rules(rule("empty", status=[404], page="first"))).read("items", None)
    assert (page.records, page.next_cursor, page.emptied_by_rule) == ([], None, True)
    server.on("/items", replies.answer([]))
    assert not (await open_source(server.url).read("items", None)).emptied_by_rule


async def test_a_later_page_is_never_emptied(server, replies, open_source, read_all):
    server.on("/items", replies.answer({"rows": ROWS, "next": "/items?page=2"}))
    server.on("/items?page=2", replies.status(404))
    source = open_source(
        server.url,
        data_selector="rows",
        pagination={"type": "json_link", "next_url_path": "next"},
        **rules(rule("empty", status=[404], page="first")),
    )
    with pytest.raises(SourceBroken, match="answered 404"):
        await read_all(source)


async def test_a_rule_renews_a_token_that_the_source_refuses_in_its_own_way(server, start_server, replies, open_source):
    tokens = await start_server()
    tokens.on("/token", *(replies.answer({"access_token": f"token-{number}"}) for number in range(5)))
    expired = replies.status(200, b'{"error": "token expired"}')
    auth = {"type": "oauth2_client_credentials", "client_id": "c", "client_secret": "${env:S}"}
    source = {
        "auth": {**auth, "access_token_url": f"{tokens.url}/token"},
        **rules(rule("refresh_token_then_retry", json={"path": "error", "in": ["token expired"]}, message="expired")),
    }
    server.on("/items", expired, replies.answer(ROWS))
    opened = open_source(server.url, env={"S": "s3cret"}, source=source)
    assert (await opened.read("items", None)).records == ROWS
    assert [each.headers["authorization"] for each in server.asked] == ["Bearer token-0", "Bearer token-1"]
    server.on("/items", expired)
    with pytest.raises(SourceBroken, match="answered 200: expired"):
        await opened.read("items", None)
    assert len(tokens.asked) == 3


BUILT_IN = [
    (400, {}, SourceBroken),
    (401, {}, SourceBroken),
    (403, {}, SourceBroken),
    (403, {"Retry_After": "60"}, Throttled),
    (404, {}, SourceBroken),
    (408, {}, SourceUnavailable),
    (425, {}, SourceUnavailable),
    (429, {}, Throttled),
    (429, {"Retry_After": "60"}, Throttled),
    (500, {}, SourceUnavailable),
    (503, {}, SourceUnavailable),
    (503, {"Retry_After": "60"}, Throttled),
    (599, {}, SourceUnavailable),
    (301, {}, SourceBroken),
]


@pytest.mark.parametrize(("status", "headers", "problem"), BUILT_IN)
async def test_the_built_in_rules(server, replies, open_source, status, headers, problem):
    server.on("/items", replies.status(status, **headers))
    with pytest.raises(problem):
        await open_source(server.url, source={"retry": {"attempts": 1}}).read("items", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ when: { status: [404] }, action: empty }", "error_rules[0]: action: empty needs page: first"),
        ("{ when: { page: first }, action: fail }", "error_rules[0].when: name a status, a header or json"),
        ("{ when: { status: [99] }, action: fail }", "error_rules[0].when.status[0]: should be greater than or equal"),
        ("{ when: { status: [] }, action: fail }", "error_rules[0].when.status"),
        ("{ when: { json: { path: 'a[' } }, action: fail }", "error_rules[0].when.json.path: 'a[' is no JMESPath"),
        ("{ when: { status: [404] }, action: ignore }", "error_rules[0].action: must be"),
        ("{ when: { stat: [404] }, action: fail }", "error_rules[0].when.stat: unknown key; did you mean 'status'"),
    ],
)
@pytest.mark.parametrize("place", ["source", "resources[0]"])
def test_what_a_rule_must_say(text, message, place):
    file = f"""
version: 1
kind: import
name: demo
source:
  type: rest
  base_url: http://127.0.0.1:9/
  pagination: {{ type: single_page }}
  {"error_rules: [" + text + "]" if place == "source" else ""}
resources:
  - name: items
    path: items
    {"error_rules: [" + text + "]" if place != "source" else ""}
assets:
  token: ${{env:T}}
  object_types:
    - {{ name: Item, resource: items, attributes: {{ Id: {{ from: id, identity: true, label: true }} }} }}
"""
    with pytest.raises(ConfigInvalid) as caught:
        parse_import(file, "demo.yaml")
    assert f"{place}.{message}" in str(caught.value)
