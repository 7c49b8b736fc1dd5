"""Settings: read once from the environment, typed, frozen."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

from dotenv import dotenv_values
from flask import Flask, current_app

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
ENVIRONMENTS = ("development", "production", "testing")


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
    currency: str = "USD"
    timezone: str = "UTC"
    payments: str = "manual"
    smtp_url: str = ""
    mail_dir: str = ""
    mail_from: str = "Laurel <laurel@localhost>"
    allow_registration: bool = True
    trusted_proxies: int = 0
    allowed_hosts: tuple[str, ...] = ()
    ratelimit_enabled: bool = True
    log_format: str = "console"
    cheap_passwords: bool = False

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def is_development(self) -> bool:
        return self.environment == "development"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the environment over `.env`. Raises UnsafeSettings."""
        read = {**dotenv_values(ROOT / ".env"), **os.environ} if environ is None else environ
        env = {name: value for name, value in read.items() if value}
        environment = env.get("LAUREL_ENV", "development")
        if environment not in ENVIRONMENTS:
            raise UnsafeSettings(f"LAUREL_ENV must be one of {', '.join(ENVIRONMENTS)}, not {environment!r}.")
        is_production = environment == "production"
        return cls(
            environment=environment,
            secret_key=env.get("SECRET_KEY") or _kept_secret(is_production),
            database_url=_with_driver(env.get("DATABASE_URL") or f"sqlite:///{_var() / 'laurel.db'}"),
            redis_url=env.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
            base_url=env.get("BASE_URL", f"http://127.0.0.1:{env.get('PORT', '8000')}").rstrip("/"),
            currency=env.get("CURRENCY", "USD").upper(),
            timezone=env.get("TIMEZONE", "UTC"),
            payments=env.get("PAYMENTS", "manual" if is_production else "test"),
            smtp_url=env.get("SMTP_URL", ""),
            mail_dir=env.get("MAIL_DIR", str(VAR / "mail")),
            mail_from=env.get("MAIL_FROM", "Laurel <laurel@localhost>"),
            allow_registration=_is_on(env.get("ALLOW_REGISTRATION", "1")),
            trusted_proxies=int(env.get("TRUSTED_PROXIES", "0")),
            allowed_hosts=tuple(filter(None, map(str.strip, env.get("ALLOWED_HOSTS", "").split(",")))),
            ratelimit_enabled=_is_on(env.get("RATELIMIT_ENABLED", "1")),
            log_format=env.get("LOG_FORMAT", "json" if is_production else "console"),
        )


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
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=chosen.base_url.startswith("https://"),
        SESSION_COOKIE_NAME="laurel",
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=chosen.base_url.startswith("https://"),
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_ENABLED=chosen.ratelimit_enabled,
        BABEL_DEFAULT_LOCALE="en",
        BABEL_DEFAULT_TIMEZONE=chosen.timezone,
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "translations"),
    )


def _is_on(text: str) -> bool:
    return text.strip().lower() in {"1", "true", "yes", "on"}


def _var() -> Path:
    VAR.mkdir(exist_ok=True)
    return VAR


def _with_driver(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else url


def _kept_secret(is_production: bool) -> str:  # noqa: FBT001
    if is_production:
        raise UnsafeSettings("SECRET_KEY is missing: set it to a long random text that stays the same.")
    kept = _var() / "secret-key"
    if not kept.exists():
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return kept.read_text().strip()
