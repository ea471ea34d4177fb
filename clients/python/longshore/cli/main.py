"""`longshore`: the root of the command line."""

import click

from longshore import __version__
from longshore.cli.admin import admin
from longshore.cli.completion import completion
from longshore.cli.events import dead, events
from longshore.cli.imports import imports
from longshore.cli.jobs import cancel, groups, jobs, stats, watch
from longshore.cli.kv import kv
from longshore.cli.plugins import PluginGroup
from longshore.cli.push import push
from longshore.cli.queues import queues
from longshore.cli.schedules import schedules

_CODES_HELP = """\b
    Exit codes:
      0    done
      1    failed: what was asked for was refused, or is not there
      2    wrong usage
      5    the service is not reachable
    Commands that follow something have more; see their help."""


@click.group(
    cls=PluginGroup,
    plugins="longshore.commands",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_CODES_HELP,
)
@click.version_option(__version__, prog_name="longshore")
def main() -> None:
    """Longshore: a durable job queue, and imports into Atlassian Assets."""


for command in (
    admin, cancel, completion, dead, events, groups, imports, jobs, kv, push, queues, schedules, stats, watch,
):  # fmt: skip
    main.add_command(command)
