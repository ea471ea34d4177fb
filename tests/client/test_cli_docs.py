"""docs/cli.md tells the truth: its examples are valid, and no command is missing."""

import shlex
from pathlib import Path

import click
import pytest

from longshore.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
EXAMPLES = [line for line in PAGE.read_text().splitlines() if line.startswith("$ ")]


def words_of(example):
    """The words after `longshore`, without pipes, redirections and comments."""
    words = shlex.split(example.removeprefix("$ "), comments=True)
    words = words[words.index("longshore") + 1 :]
    return words[: words.index(">")] if ">" in words else words


def resolve(words):
    """The command that the words name, its path, and the rest of the words."""
    command, path = main, []
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words[len(path)])
        assert command is not None, words
        path.append(words[len(path)])
    return command, tuple(path), words[len(path) :]


def every_command(group, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_command_with_options_that_it_has(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "imports").mkdir()
    for file in ("events.jsonl", "imports/devices.yaml"):
        (tmp_path / file).touch()
    command, path, rest = resolve(words_of(example))
    command.make_context(" ".join(path), rest).close()


def test_every_command_has_an_example():
    documented = {resolve(words_of(example))[1] for example in EXAMPLES}
    assert set(every_command(main)) <= documented


def test_every_option_of_a_command_of_ours_is_in_an_example():
    shown = {word.partition("=")[0] for example in EXAMPLES for word in words_of(example) if word.startswith("--")}
    for words in map(words_of, EXAMPLES):
        command, path, _ = resolve(words)
        if command.callback.__module__.startswith("longshore."):
            options = {name for param in command.params if isinstance(param, click.Option) for name in param.opts}
            assert options - {"--help", "-h"} <= shown, path
