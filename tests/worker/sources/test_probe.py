"""`longshore import init`: a real server is looked at, and what is written can be validated and read to its end."""

import asyncio
import json

import pytest
from click.testing import CliRunner

from import_worker.config import load_import, parse_import
from import_worker.probe.command import init
from import_worker.probe.look import MAX_REQUESTS

ROWS = [{"id": number, "name": f"host {number}", "site": {"slug": "zrh"}, "tags": ["a"]} for number in range(7)]


@pytest.fixture
def run(tmp_path):
    """Runs the command in a thread of its own, as the server lives in this one."""

    async def invoke(*arguments, env=None):
        return await asyncio.to_thread(CliRunner().invoke, init, list(map(str, arguments)), env=env)

    return invoke


def paged(server, replies, target, pages, said=lambda number: {}, headers=lambda number: {}):
    """Serves the rows at target(number), three a page."""
    for number in range(pages):
        rows = ROWS[number * 3 : number * 3 + 3]
        server.on(target(number), replies.answer({"data": {"items": rows}, **said(number)}, **headers(number)))


async def test_a_link_is_found_proven_and_written_down(server, replies, run, tmp_path, open_source, read_all):
    def said(number):
        return {"total": 7, "links": {"next": f"/api/hosts?page={number + 1}" if number < 2 else None}}

    paged(server, replies, lambda number: f"/api/hosts?page={number}" if number else "/api/hosts", 3, said)
    file = tmp_path / "hosts.yaml"
    result = await run(f"{server.url}/api/hosts", "--output", file)
    assert result.exit_code == 0, result.output
    assert server.targets() == ["/api/hosts", "/api/hosts?page=1"]
    assert "certain" in result.stderr
    assert "the body holds the address of a next page at links.next; proven by" in result.stderr
    assert file.read_text().startswith("# yaml-language-server: $schema=")
    config = load_import(file, {"ASSETS_TOKEN": "t"})
    assert config.resources[0].pagination.model_dump(exclude_defaults=True) == {
        "type": "json_link",
        "next_url_path": "links.next",
        "optional": True,
    }
    assert config.resources[0].data_selector == "data.items"
    attributes = config.assets.object_types[0].attributes
    assert {name: each.source for name, each in attributes.items()} == {
        "Id": "id",
        "Name": "name",
        "Site slug": "site.slug",
    }
    assert (attributes["Id"].identity, attributes["Id"].type, attributes["Name"].label) == (True, "integer", True)
    written = json.loads(config.resources[0].model_dump_json(exclude_defaults=True, exclude={"name", "path"}))
    source = open_source(f"{server.url}/api/", path="hosts", **written)
    assert await read_all(source) == (ROWS, 3)


async def test_a_count_that_nothing_states_is_found_by_trying(server, replies, run):
    for target, rows in {"": ROWS[:3], "?page=1": ROWS[:3], "?page=2": ROWS[3:6]}.items():
        server.on(f"/hosts{target}", replies.answer(rows))
    result = await run(f"{server.url}/hosts")
    assert result.exit_code == 0, result.output
    assert "pagination: { type: page_number, page_param: page }" in result.stdout
    parse_import(result.stdout, "standard output")


async def test_a_source_that_ignores_what_is_tried_is_a_single_page_by_guess(server, replies, run):
    for target in ("", "?page=2", "?limit=7&offset=7"):
        server.on(f"/hosts{target}", replies.answer(ROWS))
    result = await run(f"{server.url}/hosts")
    assert "pagination: { type: single_page }" in result.stdout
    assert "a guess: check it" in result.stderr
    assert "not       page_number: " in result.stderr
    assert "not       offset: " in result.stderr


async def test_the_parameter_of_a_token_is_found_by_trying(server, replies, run):
    server.on("/hosts", replies.answer({"hosts": ROWS[:3], "next_cursor": "k2"}))
    server.on("/hosts?cursor=k2", replies.answer({"hosts": ROWS[:3], "next_cursor": "k2"}))
    server.on("/hosts?next_cursor=k2", replies.answer({"hosts": ROWS[3:], "next_cursor": None}))
    result = await run(f"{server.url}/hosts")
    assert "cursor_path: next_cursor, cursor_param: next_cursor" in result.stdout
    assert "not       cursor: " in result.stderr


async def test_a_next_link_to_another_host_is_not_followed_and_told(server, start_server, replies, run):
    other = await start_server()
    server.on("/hosts", replies.answer({"hosts": ROWS, "next": f"{other.url}/hosts?page=2"}))
    result = await run(f"{server.url}/hosts")
    assert "but only" in result.stderr
    assert other.asked == []


async def test_requests_are_few_and_not_repeated(server, replies, run):
    server.on("/hosts", replies.answer({"hosts": ROWS, "next_cursor": "a", "next_token": "b", "marker": "c"}))
    result = await run(f"{server.url}/hosts")
    assert result.exit_code == 0
    assert len(server.asked) == MAX_REQUESTS == len(set(server.targets()))


@pytest.mark.parametrize("reply", ["status_500", "html", "too large"])
async def test_what_is_no_page_is_one_line_and_one_request(server, replies, run, reply):
    answers = {
        "status_500": replies.status(500, b"oops"),
        "html": replies.status(200, b"<html>", Content_Type="text/html"),
        "too large": replies.packed(b" " * (16 * 1024 * 1024 + 1)),
    }
    server.on("/hosts", answers[reply])
    result = await run(f"{server.url}/hosts")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the source: ")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"hosts": []}, r"hosts (0 items); ask for a page that holds records"),
        ({"rows": [[1, 2]]}, "its rows are lists: ask for objects with names"),
        ({"a": 1}, "it has no list"),
        ([{"name": "x"}, {"name": "x"}], "no field is present and different in all 2 records"),
    ],
)
async def test_records_that_make_no_objects_are_explained(server, replies, run, document, told):
    server.on("/hosts", replies.answer(document))
    result = await run(f"{server.url}/hosts")
    assert result.exit_code == 1
    assert told in result.stderr


async def test_a_file_is_not_overwritten_unasked(server, replies, run, tmp_path):
    file = tmp_path / "hosts.yaml"
    file.write_text("precious")
    server.on("/hosts", replies.answer({"hosts": ROWS, "total": 7}))
    refused = await run(f"{server.url}/hosts", "--output", file)
    assert (refused.exit_code, file.read_text(), server.asked) == (1, "precious", [])
    assert "--force" in refused.stderr
    assert (await run(f"{server.url}/hosts", "--output", file, "--force", "--name", "my-hosts")).exit_code == 0
    assert load_import(file, None).name == "my-hosts"


async def test_secrets_are_sent_and_stay_references(server, replies, run):
    server.on("/hosts?api_key=s3cr3t-1", replies.answer({"hosts": ROWS, "total": 7}))
    headers = ("--header", "Authorization: Bearer ${env:BEARER}", "--header", "X-Tenant: a")
    env = {"KEY": "s3cr3t-1", "BEARER": "s3cr3t-2"}
    result = await run(f"{server.url}/hosts?api_key=${{env:KEY}}", *headers, env=env)
    assert result.exit_code == 0, result.output
    assert (server.asked[0].headers["authorization"], server.asked[0].headers["x-tenant"]) == ("Bearer s3cr3t-2", "a")
    assert "s3cr3t" not in result.output
    config = parse_import(result.stdout, "standard output")
    assert config.source.auth.token.reference == "${env:BEARER}"
    assert config.resources[0].params == {"api_key": "${env:KEY}"}


async def test_a_source_that_repeats_a_secret_in_its_links_does_not_bring_it_into_the_file(server, replies, run):
    server.on("/hosts", replies.answer({"hosts": ROWS[:3], "next": "/hosts?page=2&session=s3cr3t-9"}))
    server.on("/hosts?page=2&session=s3cr3t-9", replies.answer({"hosts": ROWS[3:], "next": None}))
    result = await run(f"{server.url}/hosts", "--header", "X-Session-Token: ${env:S}", env={"S": "s3cr3t-9"})
    assert result.exit_code == 0, result.output
    assert "proven by" in result.stderr
    assert "s3cr3t" not in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["http://127.0.0.1:1/x?api_key=abc"], "'api_key' looks like a secret"),
        (["http://127.0.0.1:1/x", "--header", "Authorization: Bearer abc"], "'Authorization' looks like a secret"),
        (["http://127.0.0.1:1/x", "--header", "X-Nothing"], "write it as 'Name: value'"),
        (["http://user:pw@127.0.0.1/x"], "holds a user name or password"),
        (["ftp://127.0.0.1/x"], "must be an absolute http or https address"),
        (["http://127.0.0.1:1/x", "--header", "X: ${env:LONGSHORE_UNSET}"], "LONGSHORE_UNSET is not set"),
    ],
)
async def test_addresses_and_headers_that_cannot_be_used(run, arguments, told):
    result = await run(*arguments)
    assert result.exit_code == 1
    assert told in result.stderr
