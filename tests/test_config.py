"""Settings come from the environment; unsafe ones are refused, all at once, in words."""

import pytest

from app import config
from app.config import ROOT, Settings, UnsafeSettings

SAFE = {
    "LAUREL_ENV": "production",
    "SECRET_KEY": "x" * 40,
    "BASE_URL": "https://shop.example/",
    "DATABASE_URL": "postgresql://laurel@db/laurel",
}


def test_production_starts_with_safe_settings() -> None:
    settings = Settings.from_env(SAFE)
    assert settings.database_url == "postgresql+psycopg://laurel@db/laurel"
    assert settings.base_url == "https://shop.example"
    assert settings.allowed_hosts == ("shop.example",)
    assert settings.payments == "manual"
    assert settings.log_format == "json"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "", "SECRET_KEY must be a random text"),
        ("SECRET_KEY", "short", "SECRET_KEY must be a random text"),
        ("BASE_URL", "", "BASE_URL must be the address"),
        ("BASE_URL", "http://shop.example", "BASE_URL must begin with https://"),
        ("FLASK_DEBUG", "1", "FLASK_DEBUG must be off"),
        ("PAYMENTS", "test", "PAYMENTS must not be test"),
        ("ALLOWED_HOSTS", "shop.example,*", "ALLOWED_HOSTS must name hosts"),
    ],
)
def test_production_refuses_what_is_unsafe_and_says_which(name: str, value: str, sentence: str) -> None:
    with pytest.raises(UnsafeSettings, match=sentence):
        Settings.from_env({**SAFE, name: value})


def test_everything_that_is_wrong_is_named_at_once() -> None:
    wrong = {"SECRET_KEY": "x", "PORT": "٨٠", "ALLOW_REGISTRATION": "maybe", "TIMEZONE": "Mars", "LAUREL_ENV": "prod"}
    with pytest.raises(UnsafeSettings) as refused:
        Settings.from_env(wrong)
    assert str(refused.value).splitlines()[1:] == [
        "LAUREL_ENV must be one of development, production, testing, not 'prod'.",
        "PORT must be a whole number, not '٨٠'.",
        "TIMEZONE must be a known one, not 'Mars'.",
        "ALLOW_REGISTRATION must be 1 or 0, not 'maybe'.",
    ]


def test_the_address_follows_the_port_and_this_machine_is_welcome() -> None:
    settings = Settings.from_env({"SECRET_KEY": "x", "PORT": "8123"})
    assert settings.base_url == "http://127.0.0.1:8123"
    assert "localhost" in settings.allowed_hosts
    assert settings.payments == "test"


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert Settings.from_env({"SECRET_KEY": "x", "CURRENCY": " ", "TRUSTED_PROXIES": ""}).currency == "USD"


def test_limits_can_be_set_one_by_one() -> None:
    settings = Settings.from_env({"SECRET_KEY": "x", "RATELIMIT_SIGN_IN_ACCOUNT": "3"})
    assert (settings.ratelimits["sign_in_account"], settings.ratelimits["sign_in_address"]) == (3, 30)


@pytest.mark.parametrize(
    ("url", "chosen"),
    [
        ("", f"file:{ROOT}/var/media"),
        ("file:pictures", f"file:{ROOT}/pictures"),
        ("file:/srv/media", "file:/srv/media"),
        ("file:///srv/media", "file:/srv/media"),
        ("s3://pictures", "s3://pictures"),
        ("s3://pictures/shop", "s3://pictures/shop"),
    ],
)
def test_pictures_lie_in_a_folder_or_a_bucket(url: str, chosen: str) -> None:
    assert Settings.from_env({"SECRET_KEY": "x", "MEDIA_URL": url}).media_url == chosen


@pytest.mark.parametrize("url", ["media", "file:", "s3://", "file://host/media", "https://bucket.example"])
def test_pictures_lie_nowhere_else(url: str) -> None:
    with pytest.raises(UnsafeSettings, match="MEDIA_URL must be"):
        Settings.from_env({"SECRET_KEY": "x", "MEDIA_URL": url})


def test_s3_without_its_library_is_refused_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "find_spec", lambda _name: None)
    with pytest.raises(UnsafeSettings, match=r"pip install -r requirements-s3\.txt"):
        Settings.from_env({"SECRET_KEY": "x", "MEDIA_URL": "s3://pictures"})
