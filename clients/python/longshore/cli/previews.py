"""`longshore import check`, `preview` and `quarantine`: looking at an import before and after it runs."""

import json
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import click

from longshore.cli.printing import Printer, as_json, counted, facts, harmless
from longshore.cli.running import IMPORT_WORKER, output_option, run
from longshore.cli.runs import address_option, import_client, input_option
from longshore.previews import ConnectionCheck, Preview, PreviewRecord, QuarantinedRecord

MAX_RECORDS = 50
_NARROWEST = 60
_MAX_WIDTH = 200

Inputs = tuple[tuple[str, str], ...]


@click.command()
@click.argument("name")
@input_option
@address_option
@output_option
def check(name: str, inputs: Inputs, address: str, output: str) -> None:
    """Test the connections of the import NAME: one page of each resource, and the destination's status.

    Changes nothing. Exit code 1 if one of them does not answer as it should.
    """

    async def work() -> Sequence[ConnectionCheck]:
        async with import_client(address) as client:
            return await client.check(name, inputs=dict(inputs))

    checks = run(IMPORT_WORKER, address, work())
    lines = (f"{'ok   ' if each.ok else 'FAILS'}  {each.subject}: {each.message}" for each in checks)
    Printer(output).one(checks, "\n".join(lines))
    if not all(each.ok for each in checks):
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("name")
@click.option("--resource", default="", help="Which one to read.  [default: the first]")
@click.option(
    "--records", default=10, show_default=True, type=click.IntRange(1, MAX_RECORDS), help="How many records to show."
)
@input_option
@address_option
@output_option
def preview(name: str, resource: str, records: int, inputs: Inputs, address: str, output: str) -> None:
    """Show the first records of the import NAME, the objects they become, and the exact bodies that would be sent.

    Nothing is sent to the destination.
    """

    async def work() -> Preview:
        async with import_client(address) as client:
            return await client.preview(name, resource=resource, max_records=records, inputs=dict(inputs))

    found = run(IMPORT_WORKER, address, work())
    Printer(output).one(found, "\n".join(_preview_lines(found)))


@click.group()
def quarantine() -> None:
    """Look at the records of an import that could not be transformed."""


@quarantine.command("list")
@click.argument("import_id", metavar="ID")
@address_option
@output_option
def list_(import_id: str, address: str, output: str) -> None:
    """List the quarantined records of the import ID with their first reasons."""

    async def work() -> None:
        async with import_client(address) as client:
            columns = [
                ("resource", lambda each: each.resource),
                ("page>", lambda each: str(each.page)),
                ("position>", lambda each: str(each.position)),
                ("identity", lambda each: each.identity),
                ("reasons>", lambda each: str(len(each.reasons))),
                ("the first", lambda each: each.reasons[0]),
            ]
            await Printer(output).table(client.quarantine(import_id), columns)

    run(IMPORT_WORKER, address, work())


@quarantine.command()
@click.argument("import_id", metavar="ID")
@address_option
@output_option
def show(import_id: str, address: str, output: str) -> None:
    """Show the quarantined records of the import ID with all their reasons and their content."""
    _print_each(import_id, address, output, retry=False)


@quarantine.command()
@click.argument("import_id", metavar="ID")
@address_option
@output_option
def retry(import_id: str, address: str, output: str) -> None:
    """Transform the quarantined records of the import ID again, with the configuration file as it is now.

    Shows what would become of them. Nothing is sent to the destination.
    """
    _print_each(import_id, address, output, retry=True)


def _print_each(import_id: str, address: str, output: str, *, retry: bool) -> None:
    async def work() -> None:
        async with import_client(address) as client:
            async for each in client.quarantine(import_id, retry=retry):
                click.echo(as_json(each) if output == "json" else harmless(_quarantined_text(each)))

    run(IMPORT_WORKER, address, work())


def _quarantined_text(each: QuarantinedRecord) -> str:
    content = "(too large to be kept)" if each.record is None else _pretty(each.record)
    pairs: list[tuple[str, object]] = [("from", each.url), *(("reason", reason) for reason in each.reasons)]
    pairs.append(("record", content))
    if each.retried is not None:
        pairs += [(title, text) for title, text in _outcome(each.retried)]
    return facts(f"{each.resource} page {each.page}, position {each.position}: {each.identity or '(no name)'}", pairs)


def _outcome(shown: PreviewRecord) -> Iterator[tuple[str, str]]:
    """What becomes of a record, as titles and texts."""
    if shown.filtered:
        yield "now", "left out by the filter"
    for reason in shown.reasons:
        yield "now fails", reason
    for each in shown.objects:
        yield f"now {each.object_type}", _pretty(each.values)


def _preview_lines(found: Preview) -> Iterator[str]:
    yield f"{counted(len(found.records), 'record')} of {found.url}, pagination {found.pagination}"
    width = max(_NARROWEST, min(shutil.get_terminal_size().columns, _MAX_WIDTH))
    for number, each in enumerate(found.records):
        yield f"\nrecord {number}"
        right = [line for title, text in _outcome(each) for line in (f"{title.removeprefix('now ')}:", *_lines(text))]
        yield from _beside(_lines(_pretty(each.record)), right, width)
    for number, body in enumerate(found.chunks):
        yield f"\nchunk {number}, {len(body.encode()):,} bytes, exactly as it would be sent:"
        yield body
    if found.truncated:
        yield "\nThere is more, which was left out here."


def _beside(left: Sequence[str], right: Sequence[str], width: int) -> Iterator[str]:
    """Two columns of lines."""
    half = (width - 5) // 2
    wrapped = (
        [piece for line in column for piece in textwrap.wrap(line, half, drop_whitespace=False) or [""]]
        for column in (left, right)
    )
    for one, other in zip_longest(*wrapped, fillvalue=""):
        yield f"  {one.ljust(half)} | {other}".rstrip()


def _lines(text: str) -> list[str]:
    return text.splitlines()


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
