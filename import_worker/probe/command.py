"""The command `longshore import init`: look at an API, say what was found, write a first file.

Owns where the file goes, and that nothing is overwritten unasked. The file goes to standard output, all else to errors.
"""

import asyncio
import os
from pathlib import Path

import click

from import_worker.errors import ImportProblem
from import_worker.probe.draft import SCHEMA, TOKEN, draft, sureness_of
from import_worker.probe.look import Looked, look_at
from import_worker.probe.target import Target


@click.command()
@click.argument("url")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; standard output if not given."
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("--name", help="Name of the import; by default the last part of the address.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    help="A header of every request, such as 'Authorization: Bearer ${env:TOKEN}'. Secrets are written as references.",
)
def init(url: str, output: Path | None, force: bool, name: str | None, headers: tuple[str, ...]) -> None:
    """Look at the first pages of an API and write a first file for its import.

    Sends at most six small GET requests, and changes nothing anywhere.
    """
    if output is not None and output.exists() and not force:
        raise click.ClickException(f"{output} exists; write --force to overwrite it")
    try:
        target = Target.of(url, headers)
        looked = asyncio.run(look_at(target, os.environ))
        text = draft(target, looked, name)
    except ImportProblem as problem:
        raise click.ClickException(problem.message) from None
    for line in _report(looked):
        click.echo(line, err=True)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from None
    click.echo(f"wrote {output}. Next:", err=True)
    click.echo(f"  longshore import schema > {output.parent / SCHEMA}", err=True)
    click.echo(f"  export {TOKEN}=...", err=True)
    click.echo(f"  longshore import validate {output}", err=True)


def _report(looked: Looked) -> list[str]:
    where = looked.found.selector or "the body itself"
    return [
        f"records:    {len(looked.found.records)} at {where} of {looked.url}",
        f"pagination: {looked.chosen.written()}",
        f"  sure?     {sureness_of(looked.chosen)}",
        f"  why       {looked.chosen.evidence}",
        *(f"  not       {refused}" for refused in looked.refused),
        f"requests:   {looked.requests}",
    ]
