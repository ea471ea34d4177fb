"""`longshore`: the root of the command line."""

import click

from longshore import __version__
from longshore.cli.imports import imports
from longshore.cli.plugins import PluginGroup
from longshore.cli.queues import kv, push, stats


@click.group(cls=PluginGroup, plugins="longshore.commands", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="longshore")
def main() -> None:
    """Longshore: a durable job queue, and imports into Atlassian Assets."""


for command in (imports, kv, push, stats):
    main.add_command(command)
