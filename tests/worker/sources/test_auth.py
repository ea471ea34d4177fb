"""Every kind of auth against real servers: what is sent, when a token is renewed, and where its secret goes."""

import asyncio
import base64
import json
import logging
from urllib.parse import parse_qs

import pytest

from import_worker.errors import ConfigInvalid, Permanent, SourceBroken, SourceUnavailable, Throttled
from import_worker.http.oauth import Tokens

ROWS = [{"id": 1}]
SECRET = "s3cret/cl+ient?"
ENV = {"SECRET": SECRET, "PASSWORD": "p4ss/word+", "KEY": "k3y-1234"}


def oauth(url, **changes):
    fixed = {"type": "oauth2_client_credentials", "access_token_url": f"{url}/token", "client_id": "the client"}
    return {"auth": {**fixed, "client_secret": "${env:SECRET}", **changes}}


@pytest.fixture
def token_server(start_server, replies):
    """Starts a server that gives out token-1, token-2 and so on at /token."""

    async def start(*, expires_in=3600):
        server = await start_server()
        numbers = iter(range(1, 1000))

        async def give(writer):
            document = {"access_token": f"token-{next(numbers)}-xyz", "token_type": "Bearer", "expires_in": expires_in}
            await replies.answer(document)(writer)

        server.on("/token", give)
        return server

    return start


@pytest.fixture
def guard(server, replies):
    """Lets only one token through to /items."""

    def only(token):
        async def check(writer):
            known = server.asked[-1].headers["authorization"] == f"Bearer {token}"
            await (replies.answer(ROWS) if known else replies.status(401, b'{"error": "expired"}'))(writer)

        server.on("/items", check)

    return only


async def test_http_basic_with_and_without_a_password(server, replies, open_source):
    server.on("/items", replies.answer(ROWS))
    for auth, pair in (
        ({"username": "me", "password": "${env:PASSWORD}"}, "me:p4ss/word+"),
        ({"username": "${env:KEY}"}, "k3y-1234:"),
    ):
        await open_source(server.url, env=ENV, source={"auth": {"type": "http_basic", **auth}}).read("items", None)
        kind, _, encoded = server.asked[-1].headers["authorization"].partition(" ")
        assert (kind, base64.b64decode(encoded).decode()) == ("Basic", pair)


async def test_auth_of_a_resource_wins_over_that_of_the_source(server, replies, open_source):
    server.on("/items", replies.answer(ROWS))
    source = {"auth": {"type": "bearer", "token": "${env:SECRET}"}, "headers": {"authorization": "configured"}}
    key = {"type": "api_key", "header": "X-Key", "value": "${env:KEY}"}
    await open_source(server.url, env=ENV, source={"auth": source["auth"]}, auth=key).read("items", None)
    assert server.asked[-1].headers["x-key"] == "k3y-1234"
    assert "authorization" not in server.asked[-1].headers
    await open_source(server.url, env=ENV, source=source).read("items", None)
    assert server.asked[-1].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_client_credentials_are_sent_to_the_token_endpoint_and_nowhere_else(
    server, replies, open_source, token_server, method
):
    tokens = await token_server()
    server.on("/items", replies.answer(ROWS))
    auth = oauth(tokens.url, client_auth_method=method, scopes=["read", "list all"])
    source = open_source(server.url, env=ENV, source=auth)
    await source.read("items", None)
    await source.read("items", None)
    (asked,) = tokens.asked
    form = {name: value for name, (value,) in parse_qs(asked.body).items()}
    sent = {"grant_type": "client_credentials", "scope": "read list all"}
    if method == "client_secret_post":
        assert form == {**sent, "client_id": "the client", "client_secret": SECRET}
        assert "authorization" not in asked.headers
    else:
        assert form == sent
        pair = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
        assert pair == "the+client:s3cret%2Fcl%2Bient%3F"  # both parts are encoded as in a form first
    assert [each.headers["authorization"] for each in server.asked] == ["Bearer token-1-xyz"] * 2
    assert all("s3cret" not in f"{each.target}{each.headers}{each.body}" for each in server.asked)


async def test_fifty_requests_at_once_share_one_refresh(server, replies, open_source, token_server):
    tokens = await token_server()
    server.on("/items", replies.answer(ROWS))
    shared = Tokens()
    sources = [open_source(server.url, env=ENV, source=oauth(tokens.url), tokens=shared) for _ in range(2)]
    await asyncio.gather(*(sources[number % 2].read("items", None) for number in range(50)))
    assert (len(tokens.asked), len(server.asked)) == (1, 50)


async def test_a_token_that_is_refused_is_renewed_once_for_all(server, guard, open_source, token_server):
    tokens = await token_server()
    guard("token-1-xyz")
    source = open_source(server.url, env=ENV, source=oauth(tokens.url))
    await source.read("items", None)
    guard("token-2-xyz")
    pages = await asyncio.gather(*(source.read("items", None) for _ in range(50)))
    assert [page.records for page in pages] == [ROWS] * 50
    assert len(tokens.asked) == 2


async def test_a_token_that_is_refused_again_ends_the_request(server, guard, open_source, token_server):
    tokens = await token_server()
    guard("none")
    source = open_source(server.url, env=ENV, source=oauth(tokens.url))
    with pytest.raises(SourceBroken, match=r"answered 401: .*check the token or key"):
        await source.read("items", None)
    assert (len(tokens.asked), len(server.asked)) == (2, 2)


async def test_a_fixed_key_that_is_refused_is_not_tried_again(server, guard, open_source):
    guard("none")
    source = open_source(server.url, env=ENV, source={"auth": {"type": "bearer", "token": "${env:KEY}"}})
    with pytest.raises(SourceBroken, match="answered 401"):
        await source.read("items", None)
    assert len(server.asked) == 1


async def test_a_token_is_renewed_early_and_an_outage_then_does_no_harm(
    server, replies, open_source, token_server, clock
):
    tokens = await token_server(expires_in=100)
    server.on("/items", replies.answer(ROWS))
    source = open_source(server.url, env=ENV, source=oauth(tokens.url, expiry_ratio=0.5))
    for seconds, token in ((0, 1), (49, 1), (51, 2)):
        clock.at(seconds)
        await source.read("items", None)
        assert server.asked[-1].headers["authorization"] == f"Bearer token-{token}-xyz"
    tokens.on("/token", replies.status(500))
    asked = len(tokens.asked)
    for seconds in (102, 110, 133):  # tried again after 30 seconds, no sooner
        clock.at(seconds)
        await source.read("items", None)
        assert server.asked[-1].headers["authorization"] == "Bearer token-2-xyz"
    assert len(tokens.asked) == asked + 2
    clock.at(152)
    with pytest.raises(SourceUnavailable, match=r"the token endpoint: POST .*/token answered 500"):
        await source.read("items", None)


@pytest.mark.parametrize("life", [None, "soon", True])
async def test_a_token_without_a_life_is_good_until_it_is_refused(
    server, replies, open_source, token_server, clock, life
):
    tokens = await token_server(expires_in=life)
    server.on("/items", replies.answer(ROWS))
    source = open_source(server.url, env=ENV, source=oauth(tokens.url))
    for seconds in (0, 10_000_000):
        clock.at(seconds)
        await source.read("items", None)
    assert len(tokens.asked) == 1


@pytest.mark.parametrize(
    ("reply", "problem", "message"),
    [
        ((401, b'{"error": "invalid_client", "error_description": "who?"}'), SourceBroken, "401: invalid_client: who"),
        ((400, b"<html>"), SourceBroken, "with HTML where JSON was expected"),
        ((200, b"access_token=gh0-t0ken&token_type=bearer"), SourceBroken, "with text that is not JSON"),
        ((200, b'{"token": "gh0-t0ken"}'), SourceBroken, "answered no access_token"),
        ((200, b'{"access_token": "gh0-t0ken", "token_type": "mac"}'), SourceBroken, "of type 'mac'"),
        ((200, b'{"access_token": "gh0-t0ken'), SourceUnavailable, "breaks off"),
        ((302, b"gh0-t0ken"), SourceBroken, "answered 302"),
        ((404, b"gh0-t0ken"), SourceBroken, "answered 404"),
        ((500, b"gh0-t0ken"), SourceUnavailable, "answered 500"),
    ],
)
async def test_an_endpoint_that_gives_no_token_is_named_and_its_answer_not_quoted(
    server, start_server, replies, open_source, reply, problem, message
):
    tokens = await start_server()
    tokens.on("/token", replies.status(*reply, Location=f"{server.url}/items"))
    source = open_source(server.url, env=ENV, source=oauth(tokens.url))
    with pytest.raises(problem, match=rf"the token endpoint.*{message}") as caught:
        await source.read("items", None)
    assert "gh0-t0ken" not in caught.value.message
    assert server.asked == []


async def test_an_endpoint_that_asks_to_wait_releases_the_step(server, start_server, replies, open_source):
    tokens = await start_server()
    tokens.on("/token", replies.status(429, Retry_After="300"))
    with pytest.raises(Throttled) as caught:
        await open_source(server.url, env=ENV, source=oauth(tokens.url)).read("items", None)
    assert caught.value.after == 300


async def test_an_endpoint_at_a_metadata_address_is_refused(server, open_source):
    auth = oauth("http://169.254.169.254")
    with pytest.raises(SourceBroken, match=r"the token endpoint: .*never requested"):
        await open_source(server.url, env=ENV, source=auth).read("items", None)


async def test_who_gives_up_waiting_takes_the_token_from_nobody_else(server, start_server, replies, open_source):
    tokens, come, go = await start_server(), asyncio.Event(), asyncio.Event()

    async def late(writer):
        come.set()
        await go.wait()
        await replies.answer({"access_token": "late-token"})(writer)

    tokens.on("/token", late)
    server.on("/items", replies.answer(ROWS))
    source = open_source(server.url, env=ENV, source=oauth(tokens.url))
    first, second = (asyncio.create_task(source.read("items", None)) for _ in range(2))
    await come.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    go.set()
    assert (await second).records == ROWS
    assert len(tokens.asked) == 1


SENT = {
    "bearer": {"type": "bearer", "token": "${env:SECRET}"},
    "header": {"type": "api_key", "header": "X-Key", "value": "${env:SECRET}"},
    "param": {"type": "api_key", "param": "key", "value": "${env:SECRET}"},
    "basic": {"type": "http_basic", "username": "me", "password": "${env:SECRET}"},
    "oauth": None,
}


@pytest.mark.parametrize("kind", SENT)
async def test_no_secret_is_shown_by_a_message_a_page_a_log_line_or_a_cursor(
    server, replies, open_source, token_server, caplog, kind
):
    """The source echoes all that it was sent in errors, bodies and links."""
    caplog.set_level(logging.DEBUG)
    tokens = await token_server()
    auth = SENT[kind] or oauth(tokens.url)["auth"]
    texts = []

    async def echo(writer):
        asked = server.asked[-1]
        echoed = json.dumps({"target": asked.target, "headers": asked.headers})
        authorization = asked.headers.get("authorization", "")
        texts.append(f"{asked.target} {authorization} {asked.headers.get('x-key')}")
        await replies.status(400, f"{' ' * 150}{echoed}".encode())(writer)

    source = open_source(server.url, env=ENV, source={"auth": auth}, params={"p": "${env:PASSWORD}"})
    target = "/items?p=p4ss%2Fword%2B"
    server.on(f"{target}&key=s3cret%2Fcl%2Bient%3F", echo)
    server.on(target, echo)
    with pytest.raises(SourceBroken) as caught:
        await source.read("items", None)
    server.on("/items", replies.answer(ROWS))
    assert "answered 400" in caught.value.message
    assert texts[0].count("s3cret") or "token-1" in texts[0] or "Basic" in texts[0]
    encoded = base64.b64encode(SECRET.encode()).decode()
    for shown in (caught.value.message, repr(caught.value), caplog.text):
        for secret in ("s3cret", "cl+ient", "cl%2Bient", "p4ss", "token-1-xyz", encoded[:-3], "czNjcmV0L2"):
            assert secret not in shown


async def test_a_link_that_repeats_the_credentials_under_another_name_is_not_stored(server, replies, open_source):
    server.on("/items?key=k3y-1234", replies.answer({"rows": ROWS, "next": "/items?page=2&token=k3y-1234"}))
    source = open_source(
        server.url,
        env=ENV,
        source={"auth": {"type": "api_key", "param": "key", "value": "${env:KEY}"}},
        data_selector="rows",
        pagination={"type": "json_link", "next_url_path": "next"},
    )
    with pytest.raises(SourceBroken, match="repeats the credentials, and positions are stored") as caught:
        await source.read("items", None)
    assert "k3y-1234" not in caught.value.message


async def test_a_link_that_repeats_a_token_that_was_got_is_not_stored(server, replies, open_source, token_server):
    tokens = await token_server()
    server.on("/items", replies.answer({"rows": ROWS, "next": "/items?page=2&token=token-1-xyz"}))
    pagination = {"type": "json_link", "next_url_path": "next"}
    source = open_source(server.url, env=ENV, source=oauth(tokens.url), data_selector="rows", pagination=pagination)
    with pytest.raises(SourceBroken, match="repeats the credentials, and positions are stored") as caught:
        await source.read("items", None)
    assert "token-1" not in caught.value.message


PLUGIN = """
from import_worker.http.credentials import Proof


class Signed:
    def __init__(self, context):
        if "user" not in context.options:
            raise ValueError(f"user is missing beside {context.options['secret']}")
        self.context, self.asked = context, 0

    async def proof(self):
        self.asked += 1
        url, user = self.context.options["url"], self.context.options["user"]
        answer = await self.context.ask(f"{url}/login", {"X-User": user}, b"{}")
        self.context.hide(answer.document["session"])
        return Proof(headers={"X-Session": answer.document["session"]})

    async def renew(self, refused):
        return self.asked == 1
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package that adds the kind `signed`, as pip would install it."""
    (tmp_path / "signed_auth.py").write_text(PLUGIN)
    facts = tmp_path / "signed_auth-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: signed-auth\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[longshore.auth]\nsigned = signed_auth:Signed\n")
    monkeypatch.syspath_prepend(tmp_path)


def plugin(**options):
    return {"auth": {"type": "plugin", "name": "signed", "options": {"secret": "${env:SECRET}", **options}}}


async def test_a_plug_in_signs_requests_renews_and_keeps_its_secrets(
    server, start_server, replies, open_source, installed
):
    door = await start_server()
    door.on("/login", replies.answer({"session": "sess1on-1"}), replies.answer({"session": "sess1on-2"}))
    server.on("/items", replies.status(401, b"sess1on-1 is old"), replies.status(403, b"sess1on-2 may not"))
    source = open_source(server.url, env=ENV, source=plugin(url=door.url, user="u"))
    with pytest.raises(SourceBroken, match=r"answered 403: \*\*\* may not") as caught:
        await source.read("items", None)
    assert [each.headers["x-session"] for each in server.asked] == ["sess1on-1", "sess1on-2"]
    assert (door.asked[0].method, door.asked[0].headers["x-user"], door.asked[0].body) == ("POST", "u", "{}")
    assert "sess1on" not in caught.value.message


def test_a_plug_in_that_refuses_its_options_says_so_without_secrets(open_source, installed):
    with pytest.raises(Permanent, match=r"'signed' refuses its options: user is missing beside \*\*\*$") as caught:
        open_source("http://127.0.0.1:9/", env=ENV, source=plugin())
    assert caught.value.reason == "CONFIG_INVALID"


def test_a_plug_in_that_is_not_installed_is_named_with_those_that_are(open_source, installed):
    other = {"auth": {"type": "plugin", "name": "singed"}}
    with pytest.raises(ConfigInvalid, match=r"source.auth.name: there is no auth plug-in 'singed' .*here: signed$"):
        open_source("http://127.0.0.1:9/", env=ENV, source=other)


def test_a_worker_without_the_plug_in_says_what_it_lacks(open_source, installed, monkeypatch):
    """The file was checked by a worker that has it."""
    monkeypatch.setattr("import_worker.http.auth.kinds.plugins", dict)
    with pytest.raises(Permanent, match=r"there is no auth plug-in 'signed' .*none is installed here"):
        open_source("http://127.0.0.1:9/", env=ENV, source=plugin(user="u"))
