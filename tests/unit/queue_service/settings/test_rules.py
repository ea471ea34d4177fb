"""Settings that contradict each other."""

import pytest

from queue_service.settings import SETTINGS, SettingsInvalid
from queue_service.settings.rules import RULES, broken

CASES = {
    "the server itself breaks off": ["limits.request_bytes=8MiB"],
    "clients receive 4 MiB": ["limits.response_bytes=4MiB"],
    "must fit into a request": ["limits.request_bytes=1MiB"],
    "must fit into a frame": ["limits.retry_data_bytes=3MiB"],
    "an entry must fit into a request": ["limits.entry_bytes=4MiB"],
    "a page of entries must fit": ["limits.list_page=30000"],
    "a result must fit": ["limits.result_bytes=4MiB"],
    "a completion job must fit": ["limits.on_complete_bytes=4MiB"],
    "a schedule must fit": ["limits.schedule_bytes=4MiB"],
    "completion adds 5 attributes": ["limits.on_complete_attributes=60"],
    "a fire time adds 2 attributes": ["limits.schedule_attributes=63"],
    "limits.lease_default = 500ms": ["limits.lease_default=500ms"],
    "limits.lease_max = 30s": ["limits.lease_max=30s"],
    "limits.max_in_flight = 10": ["limits.max_in_flight=10"],
    "limits.list_page = 50": ["limits.list_page=50"],
    "retry.max_backoff = 500ms": ["retry.max_backoff=500ms"],
}


@pytest.mark.parametrize("demand", CASES)
def test_a_contradiction_is_refused(loading, demand):
    with pytest.raises(SettingsInvalid) as raised:
        loading(None, *CASES[demand])
    told = [str(fault) for fault in raised.value.faults if demand in str(fault)]
    assert told
    assert told[0].startswith(f"--set {CASES[demand][0].partition('=')[0]}: ")


def test_every_rule_has_a_case_and_speaks_of_settings_that_exist():
    assert len(CASES) == len(RULES)
    assert {name for rule in RULES for name in rule.names} <= SETTINGS.keys()


def test_what_fits_exactly_is_allowed(loading):
    limits = loading(
        None, "limits.response_bytes=4032KiB", "limits.on_complete_attributes=59", "limits.lease_min=60s"
    ).settings.limits
    assert (limits.response_bytes, limits.lease_min) == (4032 * 1024, limits.lease_default)


def test_a_setting_without_a_value_is_not_asked_about():
    assert not list(broken({}))
