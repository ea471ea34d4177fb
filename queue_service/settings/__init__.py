"""The settings of a broker: what there is, where it is given, and how it is shown."""

from queue_service.settings.load import Loaded, SettingsInvalid, load
from queue_service.settings.report import as_pairs, as_toml
from queue_service.settings.schema import SETTINGS
from queue_service.settings.values import Settings

__all__ = ["SETTINGS", "Loaded", "Settings", "SettingsInvalid", "as_pairs", "as_toml", "load"]
