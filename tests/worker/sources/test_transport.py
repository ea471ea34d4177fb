"""The transport against a server that misbehaves: each fault has its class, its message and its retries."""

import asyncio
import contextlib
import logging
import socket

import pytest

from import_worker.errors import DestinationBroken, DestinationUnavailable, SourceBroken, SourceUnavailable, Throttled
from import_worker.http.credentials import Fixed, Proof
from import_worker.http.exchange import DESTINATION, SOURCE, Access, Limits, Request
from import_worker.http.redaction import Secrets
from import_worker.http.retry import RetryPolicy
from import_worker.http.transport import Transport

GET = Request(url="/items")


def with_param(key):
    """A request whose credentials are a query parameter."""
    return Request(url="/items", credentials=Fixed(value=Proof(params={"key": key})))


@pytest.fixture
async def connect(clock, waits):
    """Opens transports with three attempts; they note their waits instead of waiting."""
    async with contextlib.AsyncExitStack() as stack:

        async def sleep(seconds):
            waits.append(seconds)

        def build(url, *, peer=SOURCE, attempts=3, access=None, **limits):
            transport = Transport(
                peer=peer,
                access=Access(base_url=url, **(access or {})),
                retry=RetryPolicy(attempts=attempts, max_inline_wait=5, sleep=sleep, jitter=lambda: 1.0),
                clock=clock,
                limits=Limits(**limits),
            )
            stack.push_async_callback(transport.close)
            return transport

        yield build


async def test_an_answer_is_plain_values(server, replies, connect):
    server.on("/items?key=k", replies.answer([1], X_Total="7", Link="<a>; rel=x"))
    response = await connect(server.url).request(with_param("k"))
    assert (response.status, response.body, response.url) == (200, b"[1]", f"{server.url}/items")
    assert (response.headers["x-total"], response.headers["link"]) == ("7", "<a>; rel=x")


async def test_what_an_answer_leaves_behind_is_not_sent_again(server, replies, connect):
    server.on("/items", replies.answer([1], Set_Cookie="session=of-another; Path=/"))
    transport = connect(server.url)
    for _ in range(2):
        await transport.request(GET)
    assert all("cookie" not in asked.headers for asked in server.asked)


async def test_what_a_request_carries(server, replies, connect):
    received = []

    async def note(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        received.append((head, await reader.readexactly(3)))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(note, "127.0.0.1", 0)
    async with listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        request = Request(method="POST", url=f"{url}/put", headers={"Content-Type": "x/y"}, content=b"abc")
        response = await connect(url, access={"headers": {"Authorization": "Bearer t"}}).request(request)
    ((head, content),) = received
    assert (response.status, content) == (204, b"abc")
    assert head.startswith(b"POST /put HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: Bearer t\r\n" in head
    assert b"Content-Type: x/y\r\n" in head


async def test_a_short_retry_after_is_waited_for_in_place(server, replies, connect, waits):
    server.on("/items", replies.status(429, Retry_After="2"), replies.status(503, Retry_After="3"), replies.answer([1]))
    assert (await connect(server.url).request_json(GET))[1] == [1]
    assert waits == [2, 3]


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("600", 600),
        ("Sun, 22 Nov 2026 09:56:40 GMT", 600),
        ("99999999999", 86400),
        ("Sun, 22 Nov 2099 09:56:40 GMT", 86400),
    ],
)
@pytest.mark.parametrize("code", [429, 503])
async def test_a_long_retry_after_is_handed_on_at_once(server, replies, connect, waits, code, header, after):
    server.on("/items", replies.status(code, Retry_After=header))
    with pytest.raises(Throttled, match=f"answered {code}.* asks to wait") as caught:
        await connect(server.url).request(GET)
    assert caught.value.after == after
    assert (waits, len(server.asked)) == ([], 1)


async def test_a_short_retry_after_without_end_is_handed_on_in_the_end(server, replies, connect, waits):
    server.on("/items", replies.status(429, Retry_After="0"))
    with pytest.raises(Throttled) as caught:
        await connect(server.url).request(GET)
    assert (caught.value.after, waits, len(server.asked)) == (1, [1, 1], 3)


async def test_429_without_a_word_backs_off_and_then_asks_for_the_default(server, replies, connect, waits):
    server.on("/items", replies.status(429))
    with pytest.raises(Throttled) as caught:
        await connect(server.url).request(GET)
    assert (caught.value.after, waits, len(server.asked)) == (30, [0.5, 1.0], 3)


async def test_a_retry_after_that_says_nothing_is_none(server, replies, connect):
    server.on("/items", replies.status(503, Retry_After="soon"))
    with pytest.raises(SourceUnavailable, match="answered 503"):
        await connect(server.url).request(GET)


async def test_a_server_error_is_tried_again_and_may_pass(server, replies, connect, waits):
    server.on("/items", replies.status(500), replies.status(502), replies.answer([1]))
    assert (await connect(server.url).request_json(GET))[1] == [1]
    assert waits == [0.5, 1.0]


async def test_a_server_error_that_stays_is_unavailable(server, replies, connect):
    server.on("/items", replies.status(500, b"database  is\ndown"))
    with pytest.raises(SourceUnavailable, match=r"^the source: GET /items answered 500: database is down$"):
        await connect(server.url).request(GET)
    assert len(server.asked) == 3


async def test_a_request_without_retries_is_sent_once(server, replies, connect):
    server.on("/items", replies.status(500))
    with pytest.raises(DestinationUnavailable):
        await connect(server.url, peer=DESTINATION).request(Request(url="/items", retry=False))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("code", "remedy"), [(401, "check the token"), (403, "may read"), (404, "check the base address"), (400, "oops")]
)
async def test_a_refusal_is_broken_at_once_and_names_a_remedy(server, replies, connect, code, remedy):
    server.on("/items", replies.status(code, b"oops"))
    with pytest.raises(DestinationBroken, match=f"^Assets: GET /items answered {code}: oops.*") as caught:
        await connect(server.url, peer=DESTINATION).request(GET)
    assert remedy in caught.value.message
    assert len(server.asked) == 1


async def test_an_accepted_status_is_an_answer(server, replies, connect):
    server.on("/items", replies.status(409, b'{"errorCode":"IN_PROGRESS"}'))
    response = await connect(server.url).request(Request(url="/items", accept=frozenset({409})))
    assert (response.status, response.body) == (409, b'{"errorCode":"IN_PROGRESS"}')


BROKEN_OFF = [
    b"",
    b"HTTP/1.1 200 OK\r\nContent-Le",
    b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[{"id": 1}',
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1, 2\r\n",
    b"no http at all\r\n\r\n",
    b'HTTP/1.1 200 OK\r\n\r\n[{"id": 1}, {"na',
    b'HTTP/1.1 200 OK\r\n\r\n[{"id": 1},',
    b"HTTP/1.1 200 OK\r\n\r\n[1, tru",
    b'HTTP/1.1 200 OK\r\n\r\n["\xc3',
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
]


@pytest.mark.parametrize("content", BROKEN_OFF)
async def test_an_answer_that_breaks_off_is_tried_again(server, replies, connect, waits, content):
    server.on("/items", replies.raw(content), replies.answer([1]))
    assert (await connect(server.url).request_json(GET))[1] == [1]
    assert waits == [0.5]


@pytest.mark.parametrize("content", BROKEN_OFF)
async def test_an_answer_that_always_breaks_off_is_unavailable(server, replies, connect, content):
    server.on("/items", replies.raw(content))
    with pytest.raises(SourceUnavailable, match=r"/items broke off|breaks off in the middle"):
        await connect(server.url).request_json(GET)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"<!doctype html><title>Log in</title>", "text/html", r"answered 200 \(text/html\) with HTML .*Log in"),
        (b" <html>", "application/json", "with HTML where JSON was expected; check the address and the credentials"),
        (b"[1, 2] trailing", "application/json", "with text that is not JSON"),
        (b"{'id': 1}", "application/json", "with text that is not JSON"),
        (b"[NaN]", "application/json", "JSON beyond reason .*NaN is no JSON number"),
        (b"[" * 100_000, "application/json", "JSON beyond reason"),
        (b"[\xff]", "application/json", "with text that is not UTF-8"),
    ],
)
async def test_an_answer_that_is_whole_but_no_json_is_broken_at_once(server, replies, connect, body, kind, message):
    server.on("/items", replies.status(200, body, Content_Type=kind))
    with pytest.raises(SourceBroken, match=message):
        await connect(server.url).request_json(GET)
    assert len(server.asked) == 1


async def test_numbers_keep_their_value(server, replies, connect):
    server.on("/items", replies.status(200, b"\xef\xbb\xbf[1.5, 12345678901234567890.123, 1e400, 10, -0.1]"))
    _, document = await connect(server.url).request_json(GET)
    assert [str(number) for number in document] == ["1.5", "12345678901234567890.123", "1E+400", "10", "-0.1"]


async def test_a_body_in_gzip_is_unpacked(server, replies, connect):
    server.on("/items", replies.packed(b"[1, 2, 3]"))
    assert (await connect(server.url).request_json(GET))[1] == [1, 2, 3]


async def test_a_gzip_bomb_ends_at_the_bound(server, replies, connect):
    server.on("/items", replies.packed(b"[" + b" " * 50_000_000 + b"]"))
    with pytest.raises(SourceBroken, match="answered more than 100000 bytes; ask for smaller pages"):
        await connect(server.url, max_response_bytes=100_000).request_json(GET)


async def test_a_body_of_exactly_the_bound_is_fine_and_one_more_is_not(server, replies, connect):
    server.on("/items", replies.status(200, b"x" * 1000))
    assert len((await connect(server.url, max_response_bytes=1000).request(GET)).body) == 1000
    with pytest.raises(SourceBroken, match="more than 999 bytes"):
        await connect(server.url, max_response_bytes=999).request(GET)


@pytest.mark.parametrize(("encoding", "message"), [("br", "the content encoding 'br'"), ("gzip", "that is not gzip")])
async def test_an_encoding_that_was_not_asked_for_is_broken(server, replies, connect, encoding, message):
    server.on("/items", replies.status(200, b"[1, 2, 3]", Content_Encoding=encoding))
    with pytest.raises(SourceBroken, match=message):
        await connect(server.url).request(GET)


async def test_a_stall_ends_at_the_read_time_out(server, replies, connect):
    async def stall(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1")
        await server.over.wait()

    server.on("/items", stall)
    with pytest.raises(SourceUnavailable, match=r"timed out \(ReadTimeout\)"):
        await connect(server.url, attempts=1, read=0.1).request(GET)


async def test_a_trickle_ends_at_the_total_time_out(server, replies, connect):
    async def trickle(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not server.over.is_set() and not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    server.on("/items", trickle)
    with pytest.raises(SourceUnavailable, match=r"took longer than 0\.3 s in all"):
        await connect(server.url, attempts=1, read=5, total=0.3).request(GET)


async def test_nobody_there_is_unavailable(connect):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(SourceUnavailable, match="GET /items broke off"):
        await connect(url).request(GET)
    with pytest.raises(SourceUnavailable, match=r"nowhere.invalid cannot be resolved"):
        await connect("http://nowhere.invalid/").request(GET)


async def test_redirects_are_followed_on_the_same_origin(server, replies, connect):
    server.on("/items", replies.status(302, Location="/moved/"))
    server.on("/moved/", replies.status(308, Location=f"{server.url}/there"))
    server.on("/there", replies.answer([1]))
    response, document = await connect(server.url).request_json(GET)
    assert (response.url, document) == (f"{server.url}/there", [1])


async def test_redirects_to_another_origin_carry_nothing_there(start_server, replies, connect):
    server, other = await start_server(), await start_server()
    server.on("/items", replies.status(307, Location=f"{other.url}/items"))
    with pytest.raises(SourceBroken, match=f"leads to {other.url}, but only {server.url} may be asked"):
        await connect(server.url, access={"headers": {"Authorization": "Bearer t"}}).request(GET)
    assert other.asked == []


async def test_redirects_without_end_are_broken(server, replies, connect):
    server.on("/items", replies.status(302, Location="/items"))
    with pytest.raises(SourceBroken, match="redirected more than 3 times"):
        await connect(server.url).request(GET)
    assert len(server.asked) == 4


async def test_a_redirect_of_a_post_is_not_followed(server, replies, connect):
    server.on("/items", replies.status(302, Location="/moved"))
    with pytest.raises(SourceBroken, match="POST /items answered 302"):
        await connect(server.url).request(Request(method="POST", url="/items"))


async def test_a_request_never_leaves_the_origin(connect):
    with pytest.raises(SourceBroken, match=r"leads to http://10\.0\.0\.1, but only http://127\.0\.0\.1:9 may be asked"):
        await connect("http://127.0.0.1:9/").request(Request(url="http://10.0.0.1/"))


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "0xa9fea9fe", "2852039166"]
)
async def test_metadata_addresses_are_refused_in_every_spelling(connect, host):
    with pytest.raises(SourceBroken, match="is a link-local or metadata address, which is never requested"):
        await connect(f"http://{host}/").request(GET)


async def test_a_name_is_checked_by_what_it_resolves_to(connect, monkeypatch):
    async def resolve(*_args, **_options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with pytest.raises(SourceBroken, match=r"169.254.169.254 is a link-local or metadata address"):
        await connect("http://innocent.test/").request(GET)


async def test_the_next_address_of_a_name_is_tried(server, replies, connect, monkeypatch):
    async def resolve(_host, port, **_options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("127.0.0.9", "127.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    server.on("/items", replies.answer([1]))
    url = server.url.replace("127.0.0.1", "source.test")
    response, document = await connect(url).request_json(GET)
    assert (document, response.url) == ([1], f"{url}/items")
    assert server.asked[0].headers["host"] == url.removeprefix("http://")


@pytest.mark.parametrize("base", ["ftp://x/", "x", "http://", "http://user:hunter2@x/", "http://x:port/"])
async def test_a_base_address_that_is_none_is_refused_without_its_password(connect, base):
    with pytest.raises(SourceBroken) as caught:
        connect(base)
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    "headers", [{"X-Key": "geheim\u00e4"}, {"X-Key": "two\r\nX-Other: lines"}, {"X Key": "v"}, {"": "v"}]
)
async def test_a_header_that_cannot_be_sent_is_refused_without_its_value(connect, headers):
    with pytest.raises(SourceBroken, match="is not sent: its name or value has characters") as caught:
        connect("http://127.0.0.1:9/", access={"headers": headers})
    assert "geheim" not in caught.value.message
    with pytest.raises(SourceBroken, match="is not sent"):
        await connect("http://127.0.0.1:9/").request(Request(url="/", headers=headers))


async def test_a_key_in_an_address_does_not_reach_the_log(server, replies, connect, caplog):
    caplog.set_level(logging.DEBUG)
    server.on("/items?key=s3cret", replies.answer([1]))
    await connect(server.url).request(with_param("s3cret"))
    assert server.targets() == ["/items?key=s3cret"]
    assert "s3cret" not in caplog.text


async def test_secrets_are_hidden_in_every_form_and_proxies_of_the_environment_are_ignored(
    server, replies, connect, monkeypatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.on("/items?a=top%2Fs3cret", replies.status(400, b"top/s3cret top%2Fs3cret"))
    transport = connect(server.url, access={"secrets": Secrets(["top/s3cret"])})
    with pytest.raises(SourceBroken) as caught:
        await transport.request(Request(url="/items?a=top%2Fs3cret"))
    assert caught.value.message == "the source: GET /items?a=*** answered 400: *** ***"


async def test_a_secret_where_the_excerpt_of_a_body_ends_is_not_shown_in_part(server, replies, connect):
    server.on("/items", replies.status(400, b"x" * 195 + b"top/s3cret" + b"y" * 100))
    transport = connect(server.url, access={"secrets": Secrets(["top/s3cret"])})
    with pytest.raises(SourceBroken, match=r"xx\*\*\*yy$"):
        await transport.request(GET)
