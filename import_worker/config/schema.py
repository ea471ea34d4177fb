"""The JSON Schema of configuration files, generated from the models: for editors, and for validators of others.

It never refuses what load accepts. What sections say about one another is beyond it.
"""

import json
import sys
from pathlib import Path
from typing import Any

from import_worker.config.models import ImportConfig

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def import_schema() -> dict[str, Any]:
    """The schema of a configuration file."""
    return {"$schema": _DIALECT, **ImportConfig.model_json_schema(), "title": "A Longshore import"}


def schema_text() -> str:
    """The schema as it is committed and printed."""
    return json.dumps(import_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text())
