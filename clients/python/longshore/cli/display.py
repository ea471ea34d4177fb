"""Showing a run of an import: a line that is rewritten on a terminal, lines elsewhere, JSON Lines for programs."""

import shutil
import sys

import click

from longshore.cli.running import as_json
from longshore.runs import Import


class Display:
    """Shows a run while it changes."""

    def __init__(self, output: str) -> None:
        """Decide how.

        Args:
            output: "text" or "json".
        """
        self._json = output == "json"
        self._rewrites = not self._json and sys.stdout.isatty()
        self._last = ""

    def show(self, run: Import) -> None:
        """Show how the run stands now; a line that says nothing new is left out."""
        line = as_json(run) if self._json else summary(run)
        if line == self._last:
            return
        self._last = line
        if self._rewrites:
            width = shutil.get_terminal_size().columns
            click.echo(f"\r\x1b[2K{line[: width - 1]}", nl=False)
        else:
            click.echo(line)

    def end(self) -> None:
        """Leave the last line standing."""
        if self._rewrites and self._last:
            self._last = ""
            click.echo()


def summary(run: Import) -> str:
    """A run in one line."""
    progress = run.progress
    parts = [
        f"{run.name}: {run.state}",
        f"{progress.pages_read:,} pages",
        f"{progress.records_read:,} records",
        f"{progress.objects_submitted:,} objects submitted",
        f"{progress.chunks_submitted:,}/{progress.chunks:,} chunks",
    ]
    if progress.quarantined:
        parts.append(f"{progress.quarantined:,} quarantined")
    if run.throttled_until and not run.state.terminal:
        parts.append(f"waiting until {run.throttled_until:%H:%M:%S} UTC")
    return "  ".join(parts)


def details(run: Import) -> str:
    """A run in full, for people."""
    lines = [
        summary(run),
        f"  import   {run.import_id}",
        f"  group    {run.group_id}",
        f"  started  {run.create_time:%Y-%m-%d %H:%M:%S} UTC",
    ]
    if run.end_time:
        lines.append(f"  ended    {run.end_time:%Y-%m-%d %H:%M:%S} UTC")
    for counts in run.progress.object_types:
        reported = (
            f"{getattr(counts, field):,} {field}"
            for field in ("created", "updated", "identical", "removed")
            if getattr(counts, field) is not None
        )
        lines.append(f"  {counts.object_type}: " + ", ".join([f"{counts.objects:,} objects", *reported]))
    if run.failure:
        lines.append(f"  {run.failure.reason}: {run.failure.message}")
    return "\n".join(lines)
