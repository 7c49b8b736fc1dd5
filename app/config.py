"""Settings: read once from the environment, typed, frozen. What would be unsafe is refused, all of it at once."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Self, cast
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from babel.numbers import get_currency_precision, list_currencies
from dotenv import dotenv_values
from flask import Flask, current_app

from app.kit.limits import LIMITS
from app.kit.money import NotAnAmount, parse_cents

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
ENVIRONMENTS = ("development", "production", "testing")
PROVIDERS = ("manual", "test", "stripe")
LOG_FORMATS = ("console", "json")
ON, OFF = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
SHORTEST_SECRET = 32
DECIMALS = 2


class UnsafeSettings(Exception):
    """The settings contradict themselves or would be unsafe; the message names each of them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an installation can choose. Amounts are cents, times are seconds."""

    environment: str
    secret_key: str
    database_url: str
    redis_url: str
    base_url: str
    port: int = 8000
    currency: str = "USD"
    timezone: str = "UTC"
    payments: str = "manual"
    stripe_secret_key: str = ""
    stripe_webhook_secret: str = ""
    stripe_api_url: str = "https://api.stripe.com"
    donation_min_cents: int = 100
    donation_max_cents: int = 1_000_000
    smtp_url: str = ""
    mail_dir: str = ""
    mail_from: str = "Laurel <laurel@localhost>"
    media_url: str = f"file:{VAR / 'media'}"
    allow_registration: bool = True
    trusted_proxies: int = 0
    allowed_hosts: tuple[str, ...] = ()
    metrics_key: str = ""
    ratelimit_enabled: bool = True
    ratelimits: Mapping[str, int] = field(default_factory=dict)
    log_format: str = "console"
    cheap_passwords: bool = False

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def is_development(self) -> bool:
        return self.environment == "development"

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the environment over `.env`. Raises UnsafeSettings."""
        env = _Environment(environment() if environ is None else environ)
        kind = env.one_of("LAUREL_ENV", ENVIRONMENTS, "development")
        is_production = kind == "production"
        if is_production:
            env.refuse_unsafe()
        port = env.number("PORT", 8000)
        base_url = env.text("BASE_URL", f"http://127.0.0.1:{port}").rstrip("/")
        chosen = cls(
            environment=kind,
            secret_key=env.text("SECRET_KEY") or ("" if is_production else _kept_secret()),
            database_url=_with_driver(env.text("DATABASE_URL") or f"sqlite:///{_var() / 'laurel.db'}"),
            redis_url=env.text("REDIS_URL", "redis://127.0.0.1:6379/0"),
            base_url=base_url,
            port=port,
            currency=env.currency(),
            timezone=env.one_of("TIMEZONE", available_timezones(), "UTC"),
            payments=env.one_of("PAYMENTS", PROVIDERS, "manual" if is_production else "test"),
            stripe_secret_key=env.text("STRIPE_SECRET_KEY"),
            stripe_webhook_secret=env.text("STRIPE_WEBHOOK_SECRET"),
            stripe_api_url=env.text("STRIPE_API_URL", "https://api.stripe.com").rstrip("/"),
            donation_min_cents=env.amount("DONATION_MIN", "1.00"),
            donation_max_cents=env.amount("DONATION_MAX", "10000.00"),
            smtp_url=env.text("SMTP_URL"),
            mail_dir=env.text("MAIL_DIR", str(VAR / "mail")),
            mail_from=env.text("MAIL_FROM", "Laurel <laurel@localhost>"),
            media_url=env.media_url(),
            allow_registration=env.switch("ALLOW_REGISTRATION"),
            trusted_proxies=env.number("TRUSTED_PROXIES", 0),
            allowed_hosts=env.words("ALLOWED_HOSTS") or _hosts_of(base_url, is_production=is_production),
            metrics_key=env.text("METRICS_KEY"),
            ratelimit_enabled=env.switch("RATELIMIT_ENABLED"),
            ratelimits={name: env.number(f"RATELIMIT_{name.upper()}", usual) for name, usual in LIMITS.items()},
            log_format=env.one_of("LOG_FORMAT", LOG_FORMATS, "json" if is_production else "console"),
            cheap_passwords=kind == "testing",
        )
        env.refuse_contradictions(chosen)
        env.raise_refusals()
        return chosen


def environment() -> dict[str, str]:
    """The variables that say how we run: `.env`, and over it what this process was given."""
    return {name: value for name, value in {**dotenv_values(ROOT / ".env"), **os.environ}.items() if value is not None}


class _Environment:
    """Reads variables, an empty one as if it weren't there, and gathers what is wrong with them."""

    def __init__(self, read: Mapping[str, str]) -> None:
        self._read = {name: value.strip() for name, value in read.items() if value.strip()}
        self._refusals: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return self._read.get(name, default)

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(filter(None, map(str.strip, self.text(name).split(","))))

    def number(self, name: str, default: int) -> int:
        text = self.text(name, str(default))
        if text.isascii() and text.isdigit():
            return int(text)
        self._refusals.append(f"{name} must be a whole number, not {text!r}.")
        return default

    def amount(self, name: str, default: str) -> int:
        """An amount such as 12.50, in cents."""
        text = self.text(name, default)
        try:
            return parse_cents(text)
        except NotAnAmount:
            self._refusals.append(f"{name} must be an amount such as {default}, not {text!r}.")
            return parse_cents(default)

    def currency(self) -> str:
        """Amounts are kept in hundredths, so the currency must have them."""
        code = self.text("CURRENCY", "USD").upper()
        if code not in list_currencies() or get_currency_precision(code) != DECIMALS:
            self._refusals.append(f"CURRENCY must be one with two decimals, such as USD or EUR, not {code!r}.")
        return code

    def switch(self, name: str, default: str = "1") -> bool:
        text = self.text(name, default).lower()
        if text not in ON | OFF:
            self._refusals.append(f"{name} must be 1 or 0, not {text!r}.")
        return text in ON

    def one_of(self, name: str, choices: tuple[str, ...] | set[str], default: str) -> str:
        text = self.text(name, default)
        if text not in choices:
            few = f"one of {', '.join(choices)}" if isinstance(choices, tuple) else "a known one"
            self._refusals.append(f"{name} must be {few}, not {text!r}.")
        return text

    def media_url(self) -> str:
        """`file:` and an absolute folder, or `s3://bucket/prefix`."""
        url = self.text("MEDIA_URL", "file:var/media")
        parts = urlsplit(url)
        if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path:
            return f"file:{ROOT / parts.path}"
        if not (parts.scheme == "s3" and parts.netloc):
            self._refusals.append(f"MEDIA_URL must be file:<folder> or s3://<bucket>, not {url!r}.")
        elif find_spec("boto3") is None:
            self._refusals.append(
                "MEDIA_URL needs boto3 for s3:// (.venv/bin/python -m pip install -r requirements-s3.txt installs it)."
            )
        return url

    def refuse_unsafe(self) -> None:
        """What is fine for a first look and dangerous where people trust us."""
        secret, base_url = self.text("SECRET_KEY"), self.text("BASE_URL")
        if len(secret) < SHORTEST_SECRET:
            self._refusals.append(
                f"SECRET_KEY must be a random text of {SHORTEST_SECRET} characters or more that stays the same "
                "(python3 -c 'import secrets; print(secrets.token_urlsafe(48))' makes one)."
            )
        if not base_url:
            self._refusals.append("BASE_URL must be the address that people use, such as https://shop.example.")
        elif not base_url.startswith("https://") and urlsplit(base_url).hostname not in {"127.0.0.1", "localhost"}:
            self._refusals.append(
                f"BASE_URL must begin with https://, not {base_url!r}: cookies would travel in clear."
            )
        if self.text("FLASK_DEBUG", "0").lower() in ON:
            self._refusals.append("FLASK_DEBUG must be off: its console runs whatever a visitor types.")
        if self.text("PAYMENTS") == "test":
            self._refusals.append("PAYMENTS must not be test: everybody could mark their own invoice as paid.")
        if "*" in self.words("ALLOWED_HOSTS"):
            self._refusals.append("ALLOWED_HOSTS must name hosts, not *: links in mails follow the host.")

    def refuse_contradictions(self, chosen: Settings) -> None:
        """What is fine alone and makes no sense together."""
        if not 0 < chosen.donation_min_cents <= chosen.donation_max_cents:
            self._refusals.append("DONATION_MIN must be more than 0 and not more than DONATION_MAX.")
        keys = (chosen.stripe_secret_key, chosen.stripe_webhook_secret)
        if chosen.payments == "stripe" and not all(keys):
            self._refusals.append(
                "PAYMENTS is stripe, so STRIPE_SECRET_KEY (sk_…) and STRIPE_WEBHOOK_SECRET (whsec_…) must be set."
            )
        elif any(keys) and not all(keys):
            self._refusals.append("STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET go together: set both, or neither.")
        if chosen.is_production and not chosen.stripe_api_url.startswith("https://"):
            self._refusals.append(f"STRIPE_API_URL must begin with https://, not {chosen.stripe_api_url!r}.")

    def raise_refusals(self) -> None:
        """Raises UnsafeSettings that names everything which was refused."""
        if self._refusals:
            raise UnsafeSettings("\n".join(["Laurel can't start with these settings:", *self._refusals]))


def settings(app: Flask | None = None) -> Settings:
    """The settings of this app, or of the one in hand."""
    return cast("Settings", (app or current_app).extensions["settings"])


def install(app: Flask, chosen: Settings) -> None:
    """Tell Flask and its extensions what they must know of the settings."""
    app.extensions["settings"] = chosen
    app.config.update(
        SECRET_KEY=chosen.secret_key,
        TESTING=chosen.environment == "testing",
        SQLALCHEMY_DATABASE_URI=chosen.database_url,
        MAX_CONTENT_LENGTH=6 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        PREFERRED_URL_SCHEME="https" if chosen.is_https else "http",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=chosen.is_https,
        SESSION_COOKIE_NAME="laurel",
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=chosen.is_https,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        RATELIMIT_ENABLED=chosen.ratelimit_enabled,
        RATELIMITS=chosen.ratelimits,
        BABEL_DEFAULT_LOCALE="en",
        BABEL_DEFAULT_TIMEZONE=chosen.timezone,
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "translations"),
    )


def _var() -> Path:
    VAR.mkdir(exist_ok=True)
    return VAR


def _with_driver(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else url


def _hosts_of(base_url: str, *, is_production: bool) -> tuple[str, ...]:
    """Without ALLOWED_HOSTS: the host of BASE_URL; for a look at home, this machine's own names too."""
    host = urlsplit(base_url).hostname or ""
    return (host,) if is_production else (host, *LOCAL_HOSTS)


def _kept_secret() -> str:
    """The key of a first look: made once, readable by us alone."""
    kept = _var() / "secret-key"
    if not kept.exists():
        fresh = kept.with_suffix(f".{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        fresh.replace(kept)
    return kept.read_text().strip()
