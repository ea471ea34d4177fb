"""Configurations for mapping tests."""

import json

import pytest

from import_worker.config import parse_import


@pytest.fixture
def configured():
    """Builds an import of one resource `items` from its object types, written as the file would."""

    def build(*object_types, primary=None):
        resource = {"name": "items", "path": "items", "pagination": {"type": "single_page"}, "primary": primary}
        file = {
            "version": 1,
            "kind": "import",
            "name": "demo",
            "source": {"type": "rest", "base_url": "http://source.test/"},
            "resources": [resource],
            "assets": {"token": "${env:T}", "object_types": [{"resource": "items", **each} for each in object_types]},
        }
        return parse_import(json.dumps(file), "demo.yaml")

    return build
