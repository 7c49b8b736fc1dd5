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
        ("STRIPE_API_URL", "http://stripe.example", "STRIPE_API_URL must begin with https://"),
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


def test_stripe_needs_its_two_keys() -> None:
    keys = {"STRIPE_SECRET_KEY": "sk_live_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}
    settings = Settings.from_env({**SAFE, **keys, "PAYMENTS": "stripe", "STRIPE_API_URL": "https://stripe.example/"})
    assert (settings.payments, settings.stripe_api_url) == ("stripe", "https://stripe.example")
    assert (settings.stripe_secret_key, settings.stripe_webhook_secret) == ("sk_live_x", "whsec_x")
    assert Settings.from_env({**SAFE, **keys}).payments == "manual"
    for name in keys:
        with pytest.raises(UnsafeSettings, match="PAYMENTS is stripe, so"):
            Settings.from_env({**SAFE, "PAYMENTS": "stripe", name: "x"})
        with pytest.raises(UnsafeSettings, match="set both, or neither"):
            Settings.from_env({**SAFE, name: "x"})


@pytest.mark.parametrize(
    ("least", "most", "sentence"),
    [
        ("0", "10", "DONATION_MIN must be more than 0"),
        ("5.01", "5", "DONATION_MIN must be more than 0 and not more than DONATION_MAX"),
        ("one", "10", "DONATION_MIN must be an amount such as 1.00, not 'one'"),
        ("1", "1.005", "DONATION_MAX must be an amount such as 10000.00, not '1.005'"),
        ("1", "NaN", "DONATION_MAX must be an amount"),
    ],
)
def test_the_bounds_of_a_gift_are_amounts_in_their_order(least: str, most: str, sentence: str) -> None:
    with pytest.raises(UnsafeSettings, match=sentence):
        Settings.from_env({**SAFE, "DONATION_MIN": least, "DONATION_MAX": most})


def test_the_bounds_of_a_gift_can_be_set() -> None:
    settings = Settings.from_env({**SAFE, "DONATION_MIN": "2.50", "DONATION_MAX": "2.50"})
    assert (settings.donation_min_cents, settings.donation_max_cents) == (250, 250)
    usual = Settings.from_env(SAFE)
    assert (usual.donation_min_cents, usual.donation_max_cents) == (100, 1_000_000)


@pytest.mark.parametrize("currency", ["JPY", "KWD", "XXQ", "dollars"])
def test_a_currency_has_two_decimals(currency: str) -> None:
    with pytest.raises(UnsafeSettings, match="CURRENCY must be one with two decimals"):
        Settings.from_env({**SAFE, "CURRENCY": currency})


def test_a_currency_may_be_written_small() -> None:
    assert Settings.from_env({**SAFE, "CURRENCY": "eur"}).currency == "EUR"
