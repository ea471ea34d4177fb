"""The configuration of an import: a YAML file read into models, with every fault named by line and path.

`load_import`, `parse_import` and `parse_inline` are the way in; `ImportConfig` is what the rest of the worker reads.
"""

from import_worker.config.load import load_import, parse_import, parse_inline
from import_worker.config.models import ImportConfig

__all__ = ["ImportConfig", "load_import", "parse_import", "parse_inline"]
