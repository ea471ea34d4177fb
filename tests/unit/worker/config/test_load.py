"""Configuration files: what is accepted, and that every fault is named with its line, its path and a remedy."""

import pytest

from import_worker.config import ImportConfig, load_import, parse_import
from import_worker.config.secrets import ReferenceUnresolved
from import_worker.errors import ConfigInvalid

SMALLEST = """\
version: 1
kind: import
name: devices
source: { type: rest, base_url: "http://127.0.0.1:8001/cmdb/" }
resources:
  - { name: devices, path: devices.json, params: { _shape: objects, _size: 500 }, data_selector: rows, pagination: { type: json_link, next_url_path: next_url } }
assets:
  info_url: http://127.0.0.1:50080/jsm/assets/v1/imports/info   # default: Atlassian's
  token: ${env:ASSETS_TOKEN}
  object_types:
    - name: Device
      resource: devices
      attributes: { Serial: { from: serial, identity: true }, Name: { from: name, label: true } }
"""  # noqa: E501  the file of the design, as it stands

LARGE = """\
version: 1
kind: import
name: places
description: All there is
window: 3
source:
  type: rest
  base_url: ${env:PLACES_URL}
  headers: { X-Client: "longshore/${env:SITE}" }
  auth: { type: api_key, value: "${env:PLACES_KEY}", param: key }
  pagination: { type: offset, limit: 100, total_path: meta.total, max_pages: 50 }
  timeouts: { connect: 500ms, read: 2m, total: 1h }
  max_response_bytes: 2MiB
  retry: { attempts: 2, max_inline_wait: 1s }
resources:
  - { name: countries, path: countries, primary: code }
  - { name: cities, path: cities, pagination: { type: header_link } }
assets:
  token: ${file:/run/secrets/assets}
  start_wait: 5m
  mapping: apply
  chunks: { max_objects: 10, max_bytes: 900KiB }
  missing_objects: { policy: ignore }
  object_types:
    - name: Country
      resource: countries
      external_id: geo/country
      attributes:
        Code: { from: code, identity: true, unique: true }
        Name: { from: name, label: true }
        State: { from: state, type: status, values: [Active, Gone] }
    - name: City
      resource: cities
      allow_empty: true
      attributes:
        Id: { from: id, type: integer, identity: true }
        Name: { from: name, label: true }
        Note: note
        Country: { from: country, reference: { type: Country, by: Code } }
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        parse_import(text, "import.yaml")
    return [f"{fault.line}: {fault.path}: {fault.message}" for fault in caught.value.faults]


def with_line(old: str, new: str, text: str = SMALLEST) -> str:
    assert old in text
    return text.replace(old, new)


def test_the_smallest_file_works_as_it_stands_and_has_the_documented_defaults():
    config = parse_import(SMALLEST, "devices.yaml")
    resource = config.resource("devices")
    assert dict(resource.params) == {"_shape": "objects", "_size": 500}
    assert config.pagination_of(resource).type == "json_link"
    assert (config.window, config.assets.mapping, config.assets.start_wait) == (8, "keep", 3600)
    assert (config.assets.chunks.max_objects, config.assets.chunks.max_bytes) == (500, 512 * 1024)
    assert (config.assets.min_ratio_of_last_good, config.assets.missing_objects.policy) == (0.8, "remove")
    assert not config.object_type("Device").allow_empty
    assert config.external_id("Device") == "longshore/devices/Device"
    assert config.external_id("Device", "Serial") == "longshore/devices/Device/Serial"


def test_a_large_file_is_read_with_units_defaults_of_the_source_and_references():
    config = parse_import(LARGE, "places.yaml")
    timeouts = config.source.timeouts
    assert (timeouts.connect, timeouts.read, timeouts.total) == (0.5, 120, 3600)
    assert config.source.max_response_bytes == 2 * 1024 * 1024
    assert [config.pagination_of(each).type for each in config.resources] == ["offset", "header_link"]
    assert config.external_id("Country") == "geo/country"
    country = config.object_type("City").attributes["Country"]
    assert country.type == "referenced_object"
    assert config.attribute_type(country) is config.object_type("Country").attributes["Code"]
    assert config.object_type("City").attributes["Note"].source == "note"
    assert [kind.name for kind in config.types_of("cities")] == ["City"]


@pytest.mark.parametrize("text", [SMALLEST, LARGE])
def test_a_configuration_survives_json_with_references_only(text):
    config = parse_import(text, "import.yaml")
    assert ImportConfig.model_validate_json(config.model_dump_json()) == config


def test_secrets_are_resolved_only_when_used_and_never_shown(tmp_path, monkeypatch):
    path = tmp_path / "import.yaml"
    path.write_text(SMALLEST)
    config = load_import(path, {"ASSETS_TOKEN": "s3cret-token"})
    for shown in (repr(config), str(config), str(config.assets.token), config.model_dump_json()):
        assert "s3cret-token" not in shown
    assert config.assets.token.resolve({"ASSETS_TOKEN": "s3cret-token"}) == "s3cret-token"
    with pytest.raises(ReferenceUnresolved, match="ASSETS_TOKEN is not set"):
        config.assets.token.resolve({})


def test_a_secret_in_a_file_is_read_without_its_line_end(tmp_path):
    secret = tmp_path / "token"
    secret.write_text("from-file\n")
    config = parse_import(with_line("${env:ASSETS_TOKEN}", f"${{file:{secret}}}"), "import.yaml")
    assert config.assets.token.resolve({}) == "from-file"
    secret.unlink()
    with pytest.raises(ReferenceUnresolved, match="cannot be read: No such file"):
        config.assets.token.resolve({})
    secret.write_bytes(b"\xff\xfe")
    with pytest.raises(ReferenceUnresolved, match="not UTF-8"):
        config.assets.token.resolve({})
    secret.write_text("")
    with pytest.raises(ReferenceUnresolved, match="must hold 1 to"):
        config.assets.token.resolve({})


def test_references_are_checked_against_an_environment_where_one_is_given(tmp_path):
    path = tmp_path / "import.yaml"
    path.write_text(LARGE)
    with pytest.raises(ConfigInvalid) as caught:
        load_import(path, {"PLACES_URL": "http://x/"})
    assert [str(fault).removeprefix(f"{path}:") for fault in caught.value.faults] == [
        "9: source.headers.X-Client: the environment variable SITE is not set; set it where the worker is started",
        "10: source.auth.value: the environment variable PLACES_KEY is not set; set it where the worker is started",
        "19: assets.token: the file /run/secrets/assets cannot be read: No such file or directory",
    ]


FAULTS = [
    ("version: 1", "version: 2", "1: version: must be 1"),
    ("name: devices\n", "name: My_Devices\n", "3: name: must be 1 to 63 of a-z, 0-9 and hyphen"),
    ("name: devices\n", "name: NO\n", "3: name: must be 1 to 63"),
    ("name: devices\n", "name: 004x\nwindow: many\n", "4: window: should be a valid integer"),
    ("name: devices\n", "name: devices\nwindw: 3\n", "4: windw: unknown key; did you mean 'window'?"),
    ("name: devices\n", "name: devices\nname: again\n", "4: name: this key stands here twice; first in line 3"),
    ("name: devices\n", "name: devices\ndescription: 12\n", '4: description: must be text; write it in quotes: "12"'),
    ("name: devices\n", "name: devices\ndescription: !python/name:os.system x\n", "4: description: has the tag"),
    ("name: devices\n", "name: devices\n? [a]\n: 1\n", "4: (document): has a key that is no text"),
    ("type: rest", "type: soap", "4: source.type: must be 'rest'"),
    ('{ type: rest, base_url: "http://127.0.0.1:8001/cmdb/" }', "7", "4: source: must be a mapping of keys"),
    ("base_url", "base_ulr", "4: source.base_ulr: unknown key; did you mean 'base_url'?"),
    ("base_url", "base_ulr", "4: source.base_url: this key is required"),
    ("http://127.0.0.1:8001/", "http://${vault:x}/", "4: source.base_url: holds a reference of no known kind"),
    ("type: json_link", "type: jsn_link", "6: resources[0].pagination: there is no type 'jsn_link'; it is one of"),
    ("type: json_link, ", "", "6: resources[0].pagination: say of which kind this is with a key type"),
    ("next_url_path:", "next_url:", "6: resources[0].pagination.next_url: unknown key; did you mean 'next_url_path'?"),
    (", pagination: { type: json_link, next_url_path: next_url }", "", "6: resources[0]: has no pagination; write"),
    (
        "{ _shape: objects, _size: 500 }",
        "{ a: [1] }",
        "6: resources[0].params.a: must be text, a number, true or false",
    ),
    ("data_selector: rows", "data_selector: 'rows['", "6: resources[0].data_selector: 'rows[' is no JMESPath selector"),
    ("next_url_path: next_url", "next_url_path: lowr(a)", "6: resources[0].pagination.next_url_path: 'lowr(a)' calls"),
    ("${env:ASSETS_TOKEN}", "abc", "9: assets.token: a secret must not stand in the file; write ${env:NAME}"),
    ("resource: devices", "resource: device", "12: assets.object_types[0].resource: there is no resource 'device'"),
    ("resource: devices", "resource: device", "6: resources[0].name: no object type reads resource 'devices'"),
    (", identity: true", "", "13: assets.object_types[0].attributes: no attribute of 'Device' is its identity"),
    (", label: true", "", "13: assets.object_types[0].attributes: exactly one attribute of 'Device' needs label: true"),
    ("identity: true", "identity: true, label: true", "13: assets.object_types[0].attributes: exactly one attribute"),
    ("identity: true", "identty: true", "13: assets.object_types[0].attributes.Serial.identty: unknown key; did you"),
    (
        "identity: true",
        'identity: "true"',
        "13: assets.object_types[0].attributes.Serial.identity: must be true or false",
    ),
    ("from: name,", "from: name, optional: true,", "13: assets.object_types[0].attributes.Name: optional: true contr"),
    ("from: name,", "from: name, type: txt,", "13: assets.object_types[0].attributes.Name.type: must be 'text'"),
    ("from: name,", "from: name, type: select,", "13: assets.object_types[0].attributes.Name: types select and st"),
    ("from: name,", "from: name, values: [a],", "13: assets.object_types[0].attributes.Name: types select and stat"),
    ("from: name,", "from: name, type: referenced_object,", "13: assets.object_types[0].attributes.Name: type refe"),
    ("from: name,", "from: 'lower(a, b)',", "13: assets.object_types[0].attributes.Name.from: 'lower(a, b)' gives"),
    (
        "from: name,",
        "from: name, external_id: longshore/devices/Device/Serial,",
        "13: assets.object_types[0].attributes",
    ),
    ("token:", "chunks: { max_bytes: 1MiB }\n  token:", "9: assets.chunks.max_bytes: should be less than or equal to"),
    ("token:", "start_wait: 5 weeks\n  token:", "9: assets.start_wait: '5 weeks' is no amount with a unit"),
    ("token:", "object_types: []\n  token:", "11: assets.object_types: this key stands here twice; first in line 9"),
]


@pytest.mark.parametrize(("old", "new", "expected"), FAULTS)
def test_a_fault_is_named_with_line_path_and_remedy(old, new, expected):
    faults = faults_of(with_line(old, new))
    assert any(fault.startswith(expected) for fault in faults), faults


REFERENCE_FAULTS = [
    ("type: Country, by", "type: Contry, by", "39: assets.object_types[1].attributes.Country.reference.type: there is"),
    ("by: Code", "by: Cod", "39: assets.object_types[1].attributes.Country.reference.by: 'Country' has no attribute"),
    ("type: Country, by: Code", "type: City, by: Country", "39: assets.object_types[1].attributes.Country.reference"),
    ("- name: City", "- name: Country", "32: assets.object_types[1].name: 'Country' is used twice; each must be"),
    ("{ name: cities,", "{ name: countries,", "17: resources[1].name: 'countries' is used twice; each must be unique"),
    ("param: key", "param: key, header: X-Key", "10: source.auth: name either the header or the query parameter"),
    ("total_path: meta.total", "total_path: 'a['", "11: source.pagination.total_path: 'a[' is no JMESPath selector"),
    ("primary: code", "primary: 'a['", "16: resources[0].primary: 'a[' is no JMESPath selector"),
    ("max_pages: 50", "total_header: T", "11: source.pagination: write at most one of total_path, total_header"),
    ('"${env:PLACES_KEY}"', "${env:PLACES_KEY}", "10: (document): is not valid YAML"),
]


@pytest.mark.parametrize(("old", "new", "expected"), REFERENCE_FAULTS)
def test_what_sections_say_about_one_another_is_checked(old, new, expected):
    faults = faults_of(with_line(old, new, LARGE))
    assert any(fault.startswith(expected) for fault in faults), faults


def test_references_inside_brackets_need_quotes_and_the_fault_says_so():
    (fault,) = faults_of(with_line('"${env:PLACES_KEY}"', "${env:PLACES_KEY}", LARGE))
    assert 'write references in quotes: "${env:NAME}"' in fault


def test_all_faults_come_at_once_in_the_order_of_the_file():
    text = with_line("name: devices\n", "name: devices\nwindw: 1\n")
    text = with_line("resource: devices", "resource: devics", text)
    text = with_line("kind: import", "kind: import\nkindd: x", text)
    faults = faults_of(text)
    assert [fault.partition(":")[0] for fault in faults] == ["3", "5", "8", "14"]


def test_faulty_items_do_not_make_their_list_seem_empty():
    faults = faults_of(with_line("path: devices.json", "path: 5"))
    assert faults == ['6: resources[0].path: must be text; write it in quotes: "5"']


def test_an_inline_secret_is_not_repeated_in_the_fault():
    assert "hunter2hunter2" not in "".join(faults_of(with_line("${env:ASSETS_TOKEN}", "hunter2hunter2")))


TEN = "&{0} [" + ", ".join(["{1}"] * 10) + "]\n"
LAUGHS = "".join(
    f"{name}: {TEN.format(name, inner)}" for name, inner in zip("abcde", ("1", "*a", "*b", "*c", "*d"), strict=True)
)
WHOLE_FILES = [
    ("", "(document): must be a mapping"),
    ("- a\n- b\n", "(document): must be a mapping"),
    ("a: [1", "is not valid YAML: expected ',' or ']'"),
    ("\ta: 1", "is not valid YAML"),
    ("a: \x00", "is not YAML: "),
    ("a: 1\n---\nb: 2\n", "is not valid YAML: but found another document"),
    ("a: &a [*a]", "is nested deeper than 20 levels"),
    ("a: " + "[" * 25 + "]" * 25, "is nested deeper than 20 levels"),
    (LAUGHS, "has more than 50000 values"),
    ("a: " + "x" * (1024 * 1024), "is larger than 1048576 bytes"),
]


@pytest.mark.parametrize(("text", "expected"), WHOLE_FILES)
def test_a_file_that_is_no_such_document_is_refused_whole(text, expected):
    (fault,) = faults_of(text)
    assert expected in fault


def test_values_keep_what_they_look_like_as_yaml_1_2_says():
    state = LARGE.replace("values: [Active, Gone]", "values: [NO, yes, on, 2026-11-22, 0x10, 12:30:45]")
    values = parse_import(state, "import.yaml").object_type("Country").attributes["State"].values
    assert values == ("NO", "yes", "on", "2026-11-22", "0x10", "12:30:45")


def test_a_code_with_leading_zeros_is_text_and_a_number_is_not():
    state = LARGE.replace("values: [Active, Gone]", "values: [004]")
    assert parse_import(state, "import.yaml").object_type("Country").attributes["State"].values == ("004",)
    (fault,) = faults_of(LARGE.replace("values: [Active, Gone]", "values: [4]"))
    assert fault == '31: assets.object_types[0].attributes.State.values[0]: must be text; write it in quotes: "4"'


def test_a_file_that_cannot_be_read_is_a_fault_of_the_file(tmp_path):
    with pytest.raises(ConfigInvalid, match=r"nowhere\.yaml:1: \(document\): cannot be read: No such file"):
        load_import(tmp_path / "nowhere.yaml", None)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"name: \xe9\n")
    with pytest.raises(ConfigInvalid, match="not UTF-8"):
        load_import(latin, None)


def test_a_resource_may_be_read_for_the_sake_of_its_children_alone():
    sites = "  - { name: sites, path: sites, pagination: { type: single_page } }\n"
    child = 'path: "{site}/devices.json", parent: { resource: sites, field: id, as: site }'
    text = SMALLEST.replace("path: devices.json", child).replace("resources:\n", f"resources:\n{sites}")
    assert [each.name for each in parse_import(text, "devices.yaml").resources] == ["sites", "devices"]


def test_more_lanes_than_begin_in_one_step():
    resource = "  - {{ name: r{0}, path: r, pagination: {{ type: offset, limit: 10 }}, lanes: 64 }}\n"
    kind = "    - {{ name: T{0}, resource: r{0}, attributes: {{ Id: {{ from: id, identity: true, label: true }} }} }}\n"
    text = SMALLEST.replace("resources:\n", "resources:\n" + "".join(resource.format(number) for number in range(15)))
    text += "".join(kind.format(number) for number in range(15))
    with pytest.raises(ConfigInvalid, match="resources: have 961 lanes in all, and 900 begin in one step"):
        parse_import(text, "devices.yaml")
