"""From file, environment and options to settings: who goes before whom, and all faults at once."""

import pytest

from queue_service.domain.limits import DAY, MIB, SECOND
from queue_service.settings import SETTINGS, Settings, SettingsInvalid
from queue_service.settings.sources import MAX_FILE_BYTES

NO_SPAN = 'must be a span of time such as "500ms", "15m" or "7d", 0s to 366d; it is'
NO_ORDER = "the first must not be above the second"


@pytest.fixture
def faults(loading, tmp_path):
    """Loads what is faulty. Answers its faults as they are shown, without the folder of the test."""

    def faults(*given, **values):
        with pytest.raises(SettingsInvalid) as raised:
            loading(*given, **values)
        return [str(fault).replace(f"{tmp_path}/", "") for fault in raised.value.faults]

    return faults


def test_nothing_given_means_the_defaults(loading):
    assert loading().settings == Settings()
    assert loading("").settings == Settings()
    assert not loading().origins


def test_options_go_before_the_environment_and_that_before_the_file(loading):
    text = 'address = "a:1"\ndatabase = "a.db"\nlog_level = "debug"\n[limits]\ndelay = "1d"\nsettles = 1'
    environment = {
        "LONGSHORE_ADDRESS": "b:2",
        "LONGSHORE_DATABASE": "b.db",
        "LONGSHORE_LIMITS_DELAY": "2d",
        "LONGSHORE_LIMITS_PAYLOAD_BYTES": "1024",
    }
    loaded = loading(text, "limits.delay=3d", environment=environment, address="c:3", database=None)
    settings = loaded.settings
    assert (settings.address, str(settings.database), settings.log_level) == ("c:3", "b.db", "DEBUG")
    assert (settings.limits.delay, settings.limits.settles, settings.limits.payload_bytes) == (3 * DAY, 1, 1024)
    assert {name: where.rpartition("/")[2] for name, where in loaded.origins.items()} == {
        "address": "--address",
        "database": "LONGSHORE_DATABASE",
        "log_level": "longshore.toml:3",
        "limits.delay": "--set limits.delay",
        "limits.settles": "longshore.toml:6",
        "limits.payload_bytes": "LONGSHORE_LIMITS_PAYLOAD_BYTES",
    }


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_can_be_given_everywhere(loading, others, name):
    setting, value = SETTINGS[name], others[name]
    table, _, key = name.rpartition(".")
    shown = setting.kind.show(value)
    header = f"[{table}]\n" if table else ""
    for given in (
        loading(f"{header}{key} = {setting.kind.write(value)}"),
        loading(environment={setting.variable: shown}),
        loading(None, f"{name}={shown}"),
    ):
        changed = {other for other in SETTINGS if SETTINGS[other].of(given.settings) != SETTINGS[other].default}
        assert (setting.of(given.settings), changed) == (value, {name})


def test_bare_numbers_are_seconds_and_bytes(loading):
    settings = loading("[limits]\ndelay = 1.5\npayload_bytes = 100", "limits.lease_max=90").settings
    assert (settings.limits.delay, settings.limits.payload_bytes) == (1_500, 100)
    assert settings.limits.lease_max == 90 * SECOND


def test_all_faults_of_all_places_are_told_at_once(faults):
    text = """
adress = "127.0.0.1:1"
retry = 5
[limits]
payload_bites = 5
delay = "soon"
push_events = true
list_page = 10
[limit]
delay = "1d"
[limits.kv]
reads = 5
"""
    environment = {
        "LONGSHORE_LIMITS_PAYLOAD": "1MiB",
        "LONGSHORE_RETRY_X": "1",
        "LONGSHORE_DATABSE": "x",
        "LONGSHORE_RETENTION_JOBS": "-1d",
        "LONGSHORE_LIMITS_LEASE_MIN": "2m",
    }
    assert faults(text, "limits.settles", "limits.foo=1", environment=environment, log_level="LOUD") == [
        "longshore.toml:2: there is no setting adress; did you mean address?",
        "longshore.toml:3: retry is a table: write [retry] and its settings below",
        "longshore.toml:5: there is no setting limits.payload_bites; did you mean limits.payload_bytes?",
        "longshore.toml:11: there is no setting limits.kv",
        "longshore.toml:10: there is no setting limit.delay; did you mean limits.delay?",
        "LONGSHORE_DATABSE: there is no such setting; did you mean LONGSHORE_DATABASE?",
        "LONGSHORE_LIMITS_PAYLOAD: there is no such setting; did you mean LONGSHORE_LIMITS_PAYLOAD_BYTES?",
        "LONGSHORE_RETRY_X: there is no such setting",
        "--set limits.settles: must be NAME=VALUE, such as limits.payload_bytes=2MiB",
        "--set limits.foo: there is no setting limits.foo",
        f"longshore.toml:6: limits.delay {NO_SPAN} 'soon'",
        "longshore.toml:7: limits.push_events must be a whole number, 1 to 1,000,000,000; it is True",
        f"LONGSHORE_RETENTION_JOBS: retention.jobs {NO_SPAN} '-1d'",
        "--log-level: must be DEBUG, INFO, WARNING or ERROR; it is 'LOUD'",
        f"LONGSHORE_LIMITS_LEASE_MIN: limits.lease_min = 2m, limits.lease_default = 1m: {NO_ORDER}",
        f"longshore.toml:8: limits.list_page_default = 100, limits.list_page = 10: {NO_ORDER}",
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("payload_bytes", "limits.payload_bytes"), ("limits.max_age", "retry.max_age"), ("retry.jobs", "retention.jobs")],
)
def test_a_name_in_the_wrong_table_is_told_the_right_one(faults, name, meant):
    assert faults(None, f"{name}=1") == [f"--set {name}: there is no setting {name}; did you mean {meant}?"]


def test_a_value_that_another_place_overrides_must_be_right_all_the_same(faults):
    given = faults("[limits]\nsettles = 0", "limits.settles=5")
    assert given == ["longshore.toml:2: limits.settles must be a whole number, 1 to 1,000,000,000; it is 0"]


def test_settings_that_contradict_each_other_name_both_places(faults):
    (fault,) = faults('[limits]\nlease_min = "10s"', environment={"LONGSHORE_LIMITS_LEASE_DEFAULT": "5s"})
    assert fault.startswith("longshore.toml:2, LONGSHORE_LIMITS_LEASE_DEFAULT: limits.lease_min = 10s, ")


def test_a_faulty_value_is_not_compared_with_others(faults):
    assert len(faults(None, "limits.lease_default=x", "limits.lease_min=2h")) == 1


def test_the_line_is_found_however_the_name_is_written(faults):
    text = """
limits.settles = 0
"limits".id_bytes = 0
retry = { max_age = 0, max_attempts = 2 }

[ retention ]
'jobs' = ""
"""
    assert [fault.partition(" ")[0] for fault in faults(text)] == [
        "longshore.toml:2:",
        "longshore.toml:3:",
        "longshore.toml:4:",
        "longshore.toml:7:",
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "longshore.toml: cannot be read: No such file or directory"),
        (b"\xff", "longshore.toml: is not UTF-8 text"),
        (b"a = 1\na = 2\n", "longshore.toml: is not a settings file in TOML: "),
        (b"[limits\n", "longshore.toml: is not a settings file in TOML: "),
        (b"#" * (MAX_FILE_BYTES + 1), "longshore.toml: is not a settings file in TOML: is larger than 1,048,576 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_beside_the_other_faults(
    tmp_path, settings_file, loading, content, fault, monkeypatch
):
    path = settings_file("")
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    monkeypatch.setattr(type(path), "write_text", lambda *_: None)  # of the fixture: the content stands
    with pytest.raises(SettingsInvalid) as raised:
        loading("", address="nowhere")
    first, second = (str(each).replace(f"{tmp_path}/", "") for each in raised.value.faults)
    assert first.startswith(fault)
    assert second.startswith("--address: must be HOST:PORT")


def test_variables_of_others_and_empty_ones_are_left_alone(loading):
    environment = {
        "LONGSHORE_CONFIG": "longshore.toml",
        "LONGSHORE_BROKER": "localhost:50051",
        "LONGSHORE_IMPORT_ADDRESS": "127.0.0.1:50052",
        "LONGSHORE_IMPORTS": "imports",
        "LONGSHORE_WORKER_CONCURRENCY": "5",
        "LONGSHORE_REQUIRE_TOOLS": "1",
        "LONGSHORE_LIMITS_DELAY": "",
        "PATH": "/bin",
    }
    assert loading(environment=environment).settings == Settings()


def test_a_flood_of_faults_is_counted_and_not_shown(loading):
    with pytest.raises(SettingsInvalid) as raised:
        loading("\n".join(f"x{number} = 1" for number in range(200)))
    lines = str(raised.value).splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("200 settings are faulty:", "  and 150 more", 52)


def test_secrets_are_not_shown_in_faults(faults):
    (fault,) = faults(address="http://user:geheim@host:x")
    assert "geheim" not in fault
    assert "http://user:***@host:x" in fault


def test_settings_fill_the_objects_of_the_domain(loading):
    text = """
[limits]
max_chain_depth = 9
max_chain_pushes = "none"
[retention]
max_jobs = 5
[retry]
max_backoff = "1m"
"""
    settings = loading(text, low_water_bytes="1GiB").settings
    assert (settings.limits.max_chain_depth, settings.limits.max_chain_pushes) == (9, None)
    assert (settings.retention.max_jobs, settings.retry.max_backoff) == (5, 60 * SECOND)
    assert settings.low_water_bytes == 1024 * MIB
