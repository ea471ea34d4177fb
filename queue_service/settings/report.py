"""The settings in force for people: as a file that can be read back, and as names with values.

Passwords are hidden everywhere.
"""

from collections.abc import Mapping

from queue_service.settings.redaction import redacted
from queue_service.settings.schema import HOLDERS, SETTINGS
from queue_service.settings.values import Settings


def as_toml(settings: Settings, origins: Mapping[str, str]) -> str:
    """A settings file. What was given says where."""
    lines = []
    for table in ("", *HOLDERS):
        if table:
            lines += ["", f"[{table}]"]
        for setting in SETTINGS.values():
            holder, _, name = setting.name.rpartition(".")
            if holder == table:
                line = f"{name} = {redacted(setting.kind.write(setting.of(settings)))}"
                lines.append(f"{line}  # {origins[setting.name]}" if setting.name in origins else line)
    return "\n".join([*lines, ""])


def as_pairs(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Names with values, in order of their names, as GetServerInfo tells them: ("limits.payload_bytes", "1MiB")."""
    return tuple(
        (name, redacted(setting.kind.show(setting.of(settings)))) for name, setting in sorted(SETTINGS.items())
    )
