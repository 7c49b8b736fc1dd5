"""Who calls: the bearer of a token or key. Cookies count for nothing here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import ParamSpec

from flask import g, request
from flask.typing import ResponseReturnValue

from app.accounts import tokens
from app.accounts.models import ApiKey, User
from app.audit.service import Actor
from app.errors import Forbidden, Unauthorized
from app.kit import clock, limits
from app.kit.db import unit_of_work
from app.kit.logs import name_caller

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
SAFE = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class Caller:
    """A person by their token, a program by its key, or nobody in particular."""

    user: User | None = None
    key: ApiKey | None = None

    @property
    def is_known(self) -> bool:
        return self.user is not None or self.key is not None

    @property
    def role(self) -> str | None:
        return self.user.role if self.user else None

    @property
    def scopes(self) -> frozenset[str]:
        """What it may do as a program; an admin may do everything."""
        if self.key:
            return frozenset(self.key.scopes)
        return frozenset(tokens.SCOPES if self.role == "admin" else ())

    @property
    def label(self) -> str:
        """`user:5` or `key:3`: whose idempotency keys and limits these are."""
        return f"key:{self.key.id}" if self.key else f"user:{self.user.id}" if self.user else "nobody"


NOBODY = Caller()


def caller() -> Caller:
    """Who calls. Raises Unauthorized when a token was sent that is worth nothing."""
    if "caller" not in g:
        g.caller = _recognise(request.headers.get("Authorization"))
        if g.caller.is_known:
            name_caller(g.caller.label)
    known: Caller = g.caller
    return known


def actor() -> Actor:
    """Who acts, for the audit log."""
    who, address, request_id = caller(), request.remote_addr or "", str(g.get("request_id") or "")
    if who.user:
        return Actor(who.user.id, who.user.username, address, request_id)
    return Actor(None, f"key {who.key.name}" if who.key else "visitor", address, request_id)


def public(view: View[P]) -> View[P]:
    """Declare that anybody may call this view; it may ask `caller()` itself."""
    view.access = ("public",)  # type: ignore[attr-defined]
    return view


def requires(*roles: str, scope: str | None = None) -> Callable[[View[P]], View[P]]:
    """Declare who may call this view: people of these roles, or whoever has the scope. Stands below the route."""
    if not roles and scope is None:
        raise ValueError("say who may call it")

    def mark(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            _turn_away(roles, scope)
            return view(*args, **kwargs)

        guarded.access = (*roles, *([f"scope:{scope}"] if scope else []))  # type: ignore[attr-defined]
        return guarded

    return mark


def _turn_away(roles: tuple[str, ...], scope: str | None) -> None:
    who = caller()
    if not who.is_known:
        raise Unauthorized
    if who.role not in roles and scope not in who.scopes:
        raise Forbidden
    if who.role == "admin" and request.method not in SAFE:
        limits.count("admin_writes", who.label)


def _recognise(header: str | None) -> Caller:
    if header is None:
        return NOBODY
    scheme, _space, token = header.partition(" ")
    token, now = token.strip(), clock.now()
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized
    if token.startswith(tokens.KEY_PREFIX):
        return _program(token, now=now)
    user = tokens.bearer(token, now)
    if user is None:
        raise Unauthorized
    return Caller(user=user)


def _program(secret: str, *, now: datetime) -> Caller:
    key = tokens.key_of(secret, now)
    if key is None:
        raise Unauthorized
    limits.count("api_key", str(key.id))
    if tokens.is_due_to_note(key, now):
        with unit_of_work():
            tokens.note_use(key.id, now)
    return Caller(key=key)
