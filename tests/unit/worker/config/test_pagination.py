"""Faults of a pagination section, and of what has to fit it: bodies and lanes."""

import json

import pytest

from import_worker.config import parse_import
from import_worker.errors import ConfigInvalid

PAGED = {"type": "cursor", "cursor_path": "next", "cursor_param": "after"}


def parsed(pagination, **resource):
    attributes = {"Id": {"from": "id", "identity": True, "label": True}}
    file = {
        "version": 1,
        "kind": "import",
        "name": "demo",
        "source": {"type": "rest", "base_url": "http://source.test/"},
        "resources": [{"name": "items", "path": "items", "pagination": pagination, **resource}],
        "assets": {
            "token": "${env:T}",
            "object_types": [{"name": "Item", "resource": "items", "attributes": attributes}],
        },
    }
    return parse_import(json.dumps(file), "demo.yaml")


@pytest.mark.parametrize(
    ("pagination", "told"),
    [
        ({"type": "cursor", "cursor_param": "after"}, "write exactly one of cursor_path, cursor_header"),
        ({"type": "cursor", "cursor_path": "next"}, "write exactly one of cursor_param, cursor_body_path"),
        ({**PAGED, "cursor_header": "X-Next"}, "write exactly one of cursor_path, cursor_header"),
        ({**PAGED, "total_path": "a", "total_header": "b"}, "write at most one of total_path, total_header"),
        (
            {"type": "page_number", "total_pages_path": "a", "total_pages_header": "b"},
            "write at most one of total_pages",
        ),
        ({"type": "page_number", "page_size_param": "n"}, "write the page_size that page_size_param carries"),
        ({"type": "offset", "limit": 5, "offset_param": "o", "offset_body_path": "o"}, "at most one of offset_param"),
        ({"type": "offset", "limit": 5, "stop_after_empty_page": False}, "needs a total or has_more_path"),
        ({"type": "offset", "limit": 0}, "limit: should be greater than or equal to 1"),
        ({"type": "offset"}, "limit: this key is required"),
        ({"type": "curser", "cursor_path": "next"}, "there is no type 'curser'.*did you mean 'cursor'"),
        ({**PAGED, "curser_path": "x"}, "curser_path: unknown key.*cursor_path"),
        ({**PAGED, "has_more_path": "a["}, "has_more_path: 'a.' is no JMESPath selector"),
        ({"type": "continue", "continue_path": "]"}, "continue_path: ']' is no JMESPath selector"),
        ({**PAGED, "max_pages": 0}, "max_pages: should be greater than or equal to 1"),
        ({"type": "auto", "next_url_path": "next"}, "next_url_path: unknown key"),
    ],
)
def test_faults_of_a_pagination_are_told(pagination, told):
    with pytest.raises(ConfigInvalid, match=told):
        parsed(pagination)


@pytest.mark.parametrize(
    ("pagination", "resource", "told"),
    [
        (
            {"type": "cursor", "cursor_path": "n", "cursor_body_path": "a.b"},
            {},
            "method: cursor_body_path .*method: POST",
        ),
        (PAGED, {"body": {"a": 1}}, "a body needs method: POST"),
        (PAGED, {"method": "PUT"}, "method: must be 'GET' or 'POST'"),
        (PAGED, {"method": "POST", "body": {"a": ["${env:}"]}}, "holds a reference of no known kind"),
        (
            {"type": "offset", "limit": 5, "offset_body_path": "page.first", "limit_body_path": "n"},
            {"method": "POST", "body": {"page": [1]}},
            "body: 'page' is no object, so 'page.first' of the pagination cannot stand in it",
        ),
        (PAGED, {"lanes": 2}, "lanes: pages of type cursor are found one after the other"),
        ({"type": "auto"}, {"lanes": 2}, "lanes: pages of type auto are found one after the other"),
        ({"type": "page_number"}, {"lanes": 2}, "lanes: several lanes need page_size"),
        (PAGED, {"on_missing_data": "ignore"}, "on_missing_data: must be 'fail' or 'empty'"),
    ],
)
def test_faults_of_what_has_to_fit_the_pagination_are_told(pagination, resource, told):
    with pytest.raises(ConfigInvalid, match=told):
        parsed(pagination, **resource)


@pytest.mark.parametrize(
    ("pagination", "resource"),
    [
        (
            {"type": "cursor", "cursor_path": "n", "cursor_body_path": "a.b"},
            {"method": "POST", "body": {"a": {"c": 1}}},
        ),
        ({"type": "cursor", "cursor_path": "n", "cursor_body_path": "a.b"}, {"method": "POST"}),
        ({"type": "page_number", "page_size": 5, "page_size_param": "n"}, {"lanes": 4}),
        ({"type": "offset", "limit": 5, "stop_after_empty_page": False, "total_header": "X-Total"}, {"lanes": 4}),
        ({"type": "auto", "max_pages": 3}, {}),
    ],
)
def test_what_fits_is_the_same_through_json_and_back(pagination, resource):
    config = parsed(pagination, **resource)
    assert type(config).model_validate_json(config.model_dump_json()) == config
