"""`longshore completion`: what a shell needs to complete commands and options."""

import click
from click.shell_completion import get_completion_class

_SETUP = """\b
    bash  longshore completion bash > ~/.local/share/bash-completion/completions/longshore
    zsh   longshore completion zsh > "${fpath[1]}/_longshore"
    fish  longshore completion fish > ~/.config/fish/completions/longshore.fish"""


@click.command(epilog=_SETUP)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes longshore in SHELL."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"This version of click knows no completion for {shell}")
    click.echo(kind(context.find_root().command, {}, "longshore", "_LONGSHORE_COMPLETE").source())
