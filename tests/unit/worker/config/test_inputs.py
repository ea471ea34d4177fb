"""Inputs: values that a start gives, checked all at once, and harmless wherever they stand."""

import json

import pytest

from import_worker.config import ImportConfig, parse_import
from import_worker.config.inputs import InputsInvalid
from import_worker.errors import ConfigInvalid

TEXT = """
version: 1
kind: import
name: devices
inputs:
  site: { type: string }
  limit: { type: integer, default: 100 }
  all: { type: boolean, default: false }
source: { type: rest, base_url: "http://127.0.0.1:8001/", pagination: { type: single_page } }
resources:
  - name: devices
    path: "sites/${input:site}/devices"
    params: { limit: "${input:limit}", all: "${input:all}", at: "site-${input:site}", key: "${env:KEY}" }
    headers: { X-Limit: "${input:limit}" }
    filter: "site == ${input:site} || ${input:all}"
assets:
  token: ${env:ASSETS_TOKEN}
  object_types:
    - { name: Device, resource: devices, attributes: { Serial: { from: serial, identity: true, label: true } } }
"""


def resource(**inputs):
    return parse_import(TEXT, "devices.yaml").with_inputs(inputs).resources[0]


def test_inputs_stand_where_the_file_says_and_keep_their_types():
    found = resource(site="BER", all="true")
    assert found.path == "sites/BER/devices"
    assert dict(found.params) == {"limit": 100, "all": True, "at": "site-BER", "key": "${env:KEY}"}
    assert dict(found.headers) == {"X-Limit": "100"}
    assert found.filter == 'site == `"BER"` || `true`'


def test_a_value_cannot_leave_its_place():
    """Neither another path, nor other conditions, nor a reference to a secret comes in through an input."""
    found = resource(site="../a?b=`x`' || '1")
    assert found.path == "sites/..%2Fa%3Fb%3D%60x%60%27%20%7C%7C%20%271/devices"
    assert found.filter == "site == `\"../a?b=\\`x\\`' || '1\"` || `false`"
    with pytest.raises(InputsInvalid, match=r"must not be '\.\.': it stands in a path"):
        resource(site="..")
    with pytest.raises(InputsInvalid, match="begins a reference"):
        resource(site="${env:ASSETS_TOKEN}")
    with pytest.raises(InputsInvalid, match="no control characters"):
        resource(site="a\r\nX: y")


def test_all_faulty_inputs_are_named_at_once():
    with pytest.raises(InputsInvalid) as caught:
        resource(limit="many", al="true", all="yes")
    assert caught.value.faults == {
        "al": "is none of this import; did you mean 'all'?",
        "site": "has no value: give one of type string",
        "limit": "must be a whole number",
        "all": "must be true or false",
    }


def test_an_import_without_inputs_takes_none():
    text = TEXT.replace("${input:site}", "x").replace("${input:limit}", "1").replace("${input:all}", "a")
    start, end = text.index("inputs:"), text.index("source:")
    config = parse_import(text[:start] + text[end:], "devices.yaml")
    assert config.with_inputs({}) is config
    with pytest.raises(InputsInvalid, match="it has none"):
        config.with_inputs({"site": "BER"})


def test_inputs_are_frozen_with_the_configuration():
    config = parse_import(TEXT, "devices.yaml").with_inputs({"site": "BER", "limit": "5"})
    stored = ImportConfig.model_validate_json(json.dumps(config.model_dump(mode="json")))
    assert stored == config
    assert stored.input_texts == {"site": "BER", "limit": "5", "all": "false"}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("sites/${input:site}/", "sites/${input:sit}/", "12: resources[0].path: there is no input 'sit'; did you mean"),
        ('base_url: "http://', 'base_url: "http://${input:site}/', "9: source.base_url: an input stands in resources"),
        ("default: 100", "default: many", "7: inputs.limit: the default must be of type integer"),
        ("type: string }", 'type: string, default: "${env:X}" }', "6: inputs.site: must not hold ${"),
        ("type: string }", "type: text }", "6: inputs.site.type: must be 'string', 'integer' or 'boolean'"),
        ("  site: {", "  a b: { type: string }\n  site: {", "6: inputs.a b: must be 1 to 63 of letters, digits"),
        (
            "name: devices\n",
            "name: devices\nquarantine: { max_total: 5 }\n",
            "5: quarantine.max_total: must be 0",
        ),
    ],
)
def test_faults_of_inputs(old, new, fault):
    with pytest.raises(ConfigInvalid) as caught:
        parse_import(TEXT.replace(old, new, 1), "devices.yaml")
    faults = [f"{each.line}: {each.path}: {each.message}" for each in caught.value.faults]
    assert any(each.startswith(fault) for each in faults), faults


def test_a_budget_for_quarantine_where_nothing_is_removed():
    text = TEXT.replace("  token:", "  missing_objects: { policy: ignore }\n  token:")
    text = text.replace("name: devices\n", "name: devices\nquarantine: { max_total: 5 }\n", 1)
    assert parse_import(text, "devices.yaml").quarantine.max_total == 5
