"""Where requests go: nothing that a source, a name server or a stranger's configuration says leads anywhere else."""

import asyncio
import socket

import pytest

from import_worker.errors import SourceBroken, SourceUnavailable
from import_worker.http.addresses import AddressRefused, Origin

ROWS = [{"id": 1}]


@pytest.fixture
async def names(monkeypatch):
    """What names resolve to, one answer after another; the last one stays."""
    known, asked = {}, []
    real = asyncio.get_running_loop().getaddrinfo

    async def resolve(host, port, **options):
        asked.append(host)
        if host not in known:
            return await real(host, port, **options)
        answers = known[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)

    def on(host, *answers):
        known[host] = list(answers)
        return asked

    return on


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0177.0.0.1",
        "0x7f000001",
        "127.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "10.0.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "[fd00::1]",
    ],
)
async def test_an_inline_configuration_reaches_no_private_address_in_any_spelling(server, replies, open_source, host):
    server.on("/items", replies.answer(ROWS))
    url = server.url.replace("127.0.0.1", host)
    with pytest.raises(SourceBroken, match=r"is not a public address|Invalid IPv4 address"):
        await open_source(url, inline=True).read("items", None)
    assert server.asked == []


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"]
)
@pytest.mark.parametrize("inline", [False, True])
async def test_metadata_services_are_reached_by_nobody(open_source, host, inline):
    with pytest.raises(SourceBroken, match=r"never requested|Invalid IPv4 address"):
        await open_source(f"http://{host}/latest/meta-data/", inline=inline).read("items", None)


async def test_one_bad_address_among_good_ones_is_enough(open_source, names):
    names("mixed.test", ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(SourceBroken, match=r"10\.0\.0\.1 is not a public address"):
        await open_source("http://mixed.test/", inline=True).read("items", None)


async def test_a_name_that_means_something_else_a_moment_later_gains_nothing(server, replies, open_source, names):
    """The address that was checked is the one that is connected to, and each request checks anew."""
    asked = names("rebinding.test", ["127.0.0.1"], ["169.254.169.254"])
    server.on("/items", replies.answer({"rows": ROWS, "next": "/items?page=2"}))
    source = open_source(
        server.url.replace("127.0.0.1", "rebinding.test"),
        data_selector="rows",
        pagination={"type": "json_link", "next_url_path": "next"},
    )
    page = await source.read("items", None)
    assert asked == ["rebinding.test"]
    with pytest.raises(SourceBroken, match="never requested"):
        await source.read("items", page.next_cursor)
    assert server.targets() == ["/items"]


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "//169.254.169.254/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://127.0.0.1:1/",
        "https://127.0.0.1/",
        "http://user@127.0.0.1/",
        "http://127.0.0.1\\@elsewhere.test/",
        "http://elsewhere.test#@127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://[::1",
    ],
)
@pytest.mark.parametrize("way", ["redirect", "next link"])
async def test_neither_redirects_nor_links_lead_off_the_origin(server, replies, open_source, target, way):
    server.on("/items", replies.status(302, Location=target) if way == "redirect" else replies.answer({"n": target}))
    pagination = {"type": "json_link", "next_url_path": "n"}
    options = {} if way == "redirect" else {"data_selector": "n && `[]`", "pagination": pagination}
    source = open_source(server.url, **options)
    with pytest.raises((SourceBroken, SourceUnavailable)):
        await source.read("items", None)
    assert {asked.headers["host"] for asked in server.asked} == {server.url.removeprefix("http://")}
    assert set(server.targets()) == {"/items"}


@pytest.mark.parametrize("status", [301, 307, 308])
async def test_a_redirect_of_a_post_carries_its_body_nowhere(server, replies, open_source, status):
    server.on("/items", replies.status(status, Location="/other"))
    with pytest.raises(SourceBroken, match=f"answered {status}"):
        await open_source(server.url, method="POST", body={"q": 1}).read("items", None)
    assert server.targets() == ["/items"]


@pytest.mark.parametrize(
    "url",
    [
        "http://good.test\\@evil.test/",
        "http://good.test@evil.test/",
        "http://good.test:80@evil.test",
        "http:good.test/",
    ],
)
def test_an_address_with_two_hosts_is_no_origin(url):
    with pytest.raises(AddressRefused):
        Origin.of(url)


async def test_proxies_and_passwords_of_the_environment_are_not_used(
    server, replies, open_source, monkeypatch, tmp_path
):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.on("/items", replies.answer(ROWS))
    assert (await open_source(server.url).read("items", None)).records == ROWS
    assert "authorization" not in server.asked[0].headers


async def test_names_in_other_scripts_are_one_host_for_all_readers(server, replies, open_source, names):
    asked = names("bücher.test", ["127.0.0.1"])
    server.on("/items", replies.answer(ROWS))
    await open_source(server.url.replace("127.0.0.1", "BÜCHER.test")).read("items", None)
    assert asked == ["bücher.test"]
    assert server.asked[0].headers["host"].startswith("xn--bcher-kva.test:")
