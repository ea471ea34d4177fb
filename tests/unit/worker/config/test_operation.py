"""When an import starts by itself and who is told: what the file may say, and what it is told where it says else."""

import pytest

from import_worker.config import parse_import
from import_worker.errors import ConfigInvalid
from import_worker.runs.entries import read_config, write_config

TEXT = """
version: 1
kind: import
name: places
{keys}
source: {{ type: rest, base_url: "http://127.0.0.1:8001/geo/", pagination: {{ type: single_page }} }}
resources:
  - {{ name: countries, path: countries.json, data_selector: rows }}
assets:
  token: ${{env:ASSETS_TOKEN}}
  object_types:
    - name: Country
      resource: countries
      attributes: {{ Code: {{ from: code, identity: true, label: true }} }}
"""


def parsed(keys):
    return parse_import(TEXT.format(keys=keys), "places.yaml")


def faults(keys):
    with pytest.raises(ConfigInvalid) as caught:
        parsed(keys)
    return str(caught.value)


def test_the_usual_import_is_resumable_for_an_hour_and_starts_only_when_asked():
    config = parsed("")
    assert (config.resume_window, config.schedule, config.notifications) == (3600.0, None, ())


def test_what_is_left_out_of_a_schedule_and_a_notification_has_defaults():
    config = parsed("schedule: { cron: ' 0  2 * * 1-5 ' }\nnotifications: [{ webhook: '${env:HOOK}' }]")
    assert (config.schedule.cron, config.schedule.timezone, config.schedule.overlap) == ("0 2 * * 1-5", "UTC", "skip")
    assert config.notifications[0].events == ("failed", "suspended", "succeeded_with_errors")


def test_it_is_the_same_through_the_broker_and_back():
    config = parsed(
        "resume_window: 2h\n"
        "schedule: { cron: '*/30 * * * * *', timezone: Europe/Berlin, overlap: queue, inputs: { a: b } }\n"
        "notifications: [{ webhook: '${file:/run/hook}', events: [cancelled] }]"
    )
    assert read_config(write_config(config)) == config


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("schedule: { cron: '0 2 * *' }", "schedule.cron: must be a cron expression of five fields"),
        ("schedule: { cron: '0 2 * * $' }", "schedule.cron: must be a cron expression"),
        ("schedule: { cron: '0 2 * * *', timezone: Europe/Berlim }", "did you mean 'Europe/Berlin'?"),
        ("schedule: { cron: '0 2 * * *', overlap: cancel }", "schedule.overlap: must be 'skip', 'queue' or"),
        ("notifications: [{ webhook: 'https://hooks.example/secret' }]", "a secret must not stand in the file"),
        ("notifications: [{ webhook: '${env:HOOK}', events: [] }]", "notifications[0].events"),
        ("notifications: [{ webhook: '${env:HOOK}', events: [fails] }]", "did you mean 'failed'?"),
        ("resume_window: -1s", "resume_window"),
    ],
)
def test_what_it_must_not_say(keys, said):
    assert said in faults(keys)
