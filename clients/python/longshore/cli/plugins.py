"""Groups of commands that installed packages extend, each loaded only when it is run.

So the client's command line lists a service's commands and imports no service.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click
from click.shell_completion import CompletionItem

_SUMMARIES: Mapping[str, str] = {
    "demo": "Run one real import end to end, on this machine.",
    "init": "Look at an API and write a first file for its import.",
    "sandbox": "Run the Assets sandbox.",
    "schema": "Print the JSON Schema of configuration files.",
    "serve": "Run the queue service.",
    "validate": "Check configuration files of imports.",
    "worker": "Run the import worker.",
}
"""What is said of a command in a list, where loading it would cost its service's imports."""


class PluginGroup(click.Group):
    """A group of its own commands and of those that an entry-point group names."""

    def __init__(self, *args: Any, plugins: str, **kwargs: Any) -> None:
        """Make a group.

        Args:
            args: of click.Group.
            plugins: name of the entry-point group.
            kwargs: of click.Group.
        """
        super().__init__(*args, **kwargs)
        self._plugins = {found.name: found for found in entry_points(group=plugins)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._plugins})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in self._plugins:
            return own
        return _load(self._plugins[cmd_name])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._summary(ctx, name)) for name in self.list_commands(ctx)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        commands = [
            CompletionItem(name, help=self._summary(ctx, name))
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]
        # Not the group's own way: it would load every plugin at every touch of the key.
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def _summary(self, ctx: click.Context, name: str) -> str:
        own = super().get_command(ctx, name)
        if own is not None:
            return own.get_short_help_str(100)
        return _SUMMARIES.get(name) or f"Provided by {self._plugins[name].module.partition('.')[0]}."


def _load(plugin: EntryPoint) -> click.Command:
    try:
        command = plugin.load()
    except ModuleNotFoundError as error:
        raise click.ClickException(_missing(plugin, error.name or str(error))) from error
    except (ImportError, AttributeError) as error:
        raise click.ClickException(f"The command {plugin.name!r} ({plugin.value}) cannot be loaded: {error}") from error
    if not isinstance(command, click.Command):
        raise click.ClickException(f"The command {plugin.name!r} ({plugin.value}) is no click command")
    return command


def _missing(plugin: EntryPoint, module: str) -> str:
    package = plugin.dist.name if plugin.dist else "longshore"
    known = plugin.dist.metadata.get_all("Provides-Extra") or [] if plugin.dist else []
    # An entry point may declare its extras; by custom an extra has the name of its command.
    extras = plugin.extras or [extra for extra in known if extra == plugin.name]
    wanted = f"{package}[{','.join(extras)}]" if extras else package
    return f"The command {plugin.name!r} needs the module {module!r}. Install it with: pip install '{wanted}'"
