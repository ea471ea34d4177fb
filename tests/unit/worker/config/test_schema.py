"""The generated schema, judged by a real validator: it takes every example and refuses nothing that load accepts."""

import copy
import json
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings, strategies as st

from import_worker.config import ImportConfig, parse_import
from import_worker.config.document import parse_document
from import_worker.config.schema import import_schema, schema_text
from import_worker.errors import ConfigInvalid

ROOT = Path(__file__).parents[4]
VALIDATOR = jsonschema.Draft202012Validator(import_schema())

EVERYTHING = """
version: 1
kind: import
name: places
window: 3
inputs: { site: { type: string, default: BER }, limit: { type: integer } }
quarantine: { max_total: 5 }
source:
  type: rest
  base_url: ${env:PLACES_URL}
  headers: { X-Client: "longshore/${env:SITE}" }
  auth: { type: api_key, value: "${env:PLACES_KEY}", param: key }
  pagination: { type: offset, limit: 100, total_path: meta.total, max_pages: 50 }
  timeouts: { connect: 500ms, read: 2m, total: 1h }
  max_response_bytes: 2MiB
  retry: { attempts: 2, max_inline_wait: 1s }
  rate_limit: { requests: [10/s, 5000/h], max_concurrency: 2 }
resources:
  - name: countries
    path: "countries/${input:site}"
    primary: code
    filter: "status != 'gone'"
    transform:
      - select: { code: code, name: "concat(name, '!')", state: state, since: since }
      - default: { name: "country-{code}" }
      - lower: [code]
      - parse_datetime: { field: since, format: "%d.%m.%Y" }
      - map_values: { field: state, values: { a: Active, b: Gone }, otherwise: quarantine }
  - { name: cities, path: cities, params: { limit: "${input:limit}", all: true }, pagination: { type: header_link } }
assets:
  token: ${file:/run/secrets/assets}
  start_wait: 5m
  chunks: { max_objects: 10, max_bytes: 900KiB }
  missing_objects: { policy: ignore }
  object_types:
    - name: Country
      resource: countries
      attributes:
        Code: { from: code, identity: true, unique: true }
        Name: { from: name, label: true }
        State: { from: state, type: status, values: [Active, Gone] }
    - name: City
      resource: cities
      attributes:
        Id: { from: id, type: integer, identity: true }
        Name: { from: name, label: true }
        Note: note
        Country: { from: country, reference: { type: Country, by: Code } }
"""


def examples():
    """Every configuration in the docs and in the package."""
    for page in sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")]):
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)):
            if "kind: import" in block:
                yield pytest.param(block, id=f"{page.name}-{number}")
    for file in sorted(ROOT.glob("import_worker/**/*.yaml")):
        yield pytest.param(file.read_text(), id=file.name)
    yield pytest.param(EVERYTHING, id="everything")


def test_the_schema_is_one():
    VALIDATOR.check_schema(VALIDATOR.schema)


def test_the_committed_schema_is_that_of_the_models():
    assert (ROOT / "docs" / "import.schema.json").read_text() == schema_text(), "run make generate"


@pytest.mark.parametrize("text", list(examples()))
def test_every_example_is_valid_to_both(text):
    parse_import(text, "example.yaml")
    VALIDATOR.validate(parse_document(text, "example.yaml").value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("window: 3", "windw: 3"),
        ("window: 3", "window: ${env:WINDOW}"),
        ("type: offset", "type: ofset"),
        ("connect: 500ms", "connect: soon"),
        ("${env:PLACES_KEY}", "a key itself"),
        ("lower: [code]", "lwer: [code]"),
        ("lower: [code]", "lower: [code]\n        upper: [code]"),
        ("otherwise: quarantine", "otherwise: other"),
        ("identity: true, unique", "identty: true, unique"),
        ("max_total: 5", "max_total: -5"),
    ],
)
def test_what_the_schema_can_know_it_refuses(old, new):
    document = parse_document(EVERYTHING.replace(old, new, 1), "example.yaml").value
    assert not VALIDATOR.is_valid(document)


def places(value, path=()):
    """Every place in a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


WHOLE = parse_document(EVERYTHING, "everything.yaml").value
PLACES = [path for path in places(WHOLE) if path]
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(
        ["", "a", "5s", "${env:X}", "${input:site}", "${x}", "1/s", "rest", "offset", "id", "lower(x", 0, -1, 1]
    )
)
garbage = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "from", "values", "select", "path", "name"]) | st.text(max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
edits = st.lists(
    st.tuples(
        st.sampled_from(PLACES), st.sampled_from(["set", "delete", "add", "wrap"]), garbage, st.text(max_size=6)
    ),
    min_size=1, max_size=3,
)  # fmt: skip


def edited(changes):
    """The example with changes; places that an earlier change took away are passed over."""
    document = copy.deepcopy(WHOLE)
    for path, how, value, name in changes:
        holder = document
        try:
            for part in path[:-1]:
                holder = holder[part]
            if how == "set":
                holder[path[-1]] = value
            elif how == "delete":
                del holder[path[-1]]
            elif how == "wrap":
                holder[path[-1]] = [holder[path[-1]]]
            else:
                holder[path[-1]][name] = value
        except (KeyError, IndexError, TypeError):
            continue
    return document


def faults_of(text):
    """The faults that load finds. It raises nothing but ConfigInvalid."""
    try:
        parse_import(text, "garbage.yaml")
    except ConfigInvalid as error:
        return error.faults
    return []


@settings(deadline=None)  # a machine may be busy
@given(edits)
def test_what_the_schema_refuses_load_refuses_too(changes):
    document = edited(changes)
    text = json.dumps(document)
    as_read = parse_document(text, "garbage.yaml")
    if not faults_of(text):
        assert VALIDATOR.is_valid(as_read.value), [each.message for each in VALIDATOR.iter_errors(as_read.value)]


@settings(deadline=None)  # a machine may be busy
@given(st.text() | st.binary().map(lambda some: some.decode("latin-1")) | garbage.map(json.dumps))
def test_garbage_is_told_as_faults(text):
    assert all(fault.line >= 1 and fault.path and fault.message for fault in faults_of(text))


def test_unknown_keys_are_guessed_inside_unions_and_steps():
    text = EVERYTHING.replace("max_concurrency: 2", "max_concurency: 2").replace("field: state", "feild: state")
    text = (
        text.replace("param: key", "parm: key")
        .replace("{ type: Country", "{ typ: Country")
        .replace("max_total: 5", "max_totl: 5")
    )
    with pytest.raises(ConfigInvalid) as caught:
        parse_import(text, "x.yaml")
    guesses = [fault.message for fault in caught.value.faults if fault.message.startswith("unknown key; did you mean")]
    assert [guess.split("'")[1] for guess in guesses] == ["max_total", "param", "max_concurrency", "field", "type"]


@pytest.mark.parametrize("value", ["7", "{ a: b }"])
def test_a_value_that_fits_no_member_of_a_union_is_one_fault(value):
    with pytest.raises(ConfigInvalid) as caught:
        parse_import(EVERYTHING.replace("[10/s, 5000/h]", value), "x.yaml")
    (fault,) = caught.value.faults
    assert fault.path == "source.rate_limit.requests"


def test_every_section_survives_json_and_the_filling_of_inputs():
    config = parse_import(EVERYTHING, "x.yaml")
    assert ImportConfig.model_validate_json(config.model_dump_json()) == config
    filled = config.with_inputs({"limit": "5"})
    assert filled.resources[0].transform == config.resources[0].transform
    assert (filled.resources[0].path, filled.resources[1].params["limit"]) == ("countries/BER", 5)
