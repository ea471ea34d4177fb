"""A configuration that uses every kind of attribute and a reference, and a run of it."""

import pytest

from import_worker.config import ImportConfig, parse_import
from import_worker.runs.run import Run, State

TEXT = """
version: 1
kind: import
name: places
source: { type: rest, base_url: "http://127.0.0.1:8001/geo/", pagination: { type: single_page } }
resources:
  - { name: countries, path: countries.json, data_selector: rows }
  - { name: regions, path: regions.json, data_selector: rows }
assets:
  token: ${env:ASSETS_TOKEN}
  object_types:
    - name: Country
      resource: countries
      attributes:
        Code: { from: code, identity: true }
        Name: { from: name, label: true, required: true }
        Population: { from: people, type: integer, optional: true }
        Phase: { from: phase, type: status, values: [In use, Retired] }
    - name: Region of land
      resource: regions
      allow_empty: true
      attributes:
        Code: { from: code, identity: true, unique: true }
        Name: { from: name, label: true }
        'The "home" country': { from: country, reference: { type: Country, by: Code } }
"""


@pytest.fixture
def config() -> ImportConfig:
    return parse_import(TEXT, "places.yaml")


@pytest.fixture
def run() -> Run:
    return Run(
        import_id="5f2c7f2e-66a1-4b5c-9d0a-0d5a8f3f9c11",
        name="places",
        state=State.QUEUED,
        number=1,
        group_id="0c9f6e0a-7f8a-4a86-a3a5-6a5e0b9f2f77",
        destination="00ff00ff00ff00ff",
        create_time=1000.0,
        update_time=1000.0,
    )
