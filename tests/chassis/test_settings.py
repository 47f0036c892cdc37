import pytest

from services.chassis.settings import ServiceSettings, UnknownSettingError

GOOD = {
    "EVENTIDE_DATABASE_URL": "postgresql://app:secret@127.0.0.1/db",
    "EVENTIDE_GATEWAY_URL": "http://127.0.0.1:1",
    "EVENTIDE_RECORDS_URL": "http://127.0.0.1:2",
    "EVENTIDE_SCHEDULER_URL": "http://127.0.0.1:3",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_settings_come_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("EVENTIDE_POOL_SIZE", "3")

    assert ServiceSettings.read().pool_size == 3


def test_a_misspelt_setting_stops_the_process_by_name(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("EVENTIDE_POOL_SIZES", "3")

    with pytest.raises(UnknownSettingError, match="EVENTIDE_POOL_SIZES"):
        ServiceSettings.read()


def test_an_unusable_value_is_not_echoed(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("EVENTIDE_DATABASE_URL", "hunter2")

    with pytest.raises(ValueError, match="database_url") as refusal:
        ServiceSettings.read()
    assert "hunter2" not in str(refusal.value)
