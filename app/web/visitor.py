"""Who is here: the one in front of the page, and whether the page is for them."""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import LoginManager, current_user
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.models import User
from app.accounts.persons import Person
from app.audit.service import Actor
from app.errors import Forbidden
from app.kit.db import db
from app.kit.htmx import wants_part
from app.kit.logs import name_caller

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
AUDIENCES = {"public", "user", "client", "coach", "admin"}
SHOPPER = "cart_user"
VISIT = "visit"


def access(*audience: str) -> Callable[[View[P]], View[P]]:
    """Declare whom a view is for, and let nobody else in: `public`, `user` (anyone signed in), or roles.

    Stands below the route: `@bp.get("/users")`, then `@access("admin")`.
    """
    if not audience or not AUDIENCES.issuperset(audience):
        raise ValueError(f"unknown audience: {audience}")

    def mark(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            return turn_away(audience) or view(*args, **kwargs)

        guarded.access = audience  # type: ignore[attr-defined]
        return guarded

    return mark


def turn_away(audience: tuple[str, ...]) -> ResponseReturnValue | None:
    """The way to the sign-in page for those who must sign in first. Raises Forbidden for the wrong role."""
    if "public" in audience:
        return None
    user = signed_in()
    if user is None:
        return to_sign_in()
    if "user" not in audience and user.role not in audience:
        raise Forbidden
    return None


def signed_in() -> User | None:
    """The user of this session, if there is one. None for programs: to them a cookie opens nothing."""
    if request.blueprint == "api":
        return None
    user = current_user._get_current_object()  # noqa: SLF001
    return user if isinstance(user, User) else None


def me() -> User:
    """The signed-in user, in views that only they can reach."""
    user = signed_in()
    assert user is not None
    return user


def current_person() -> Person | None:
    """The one who shops: the signed-in user, else whose name was typed in this session, else nobody yet."""
    user = signed_in()
    if user is not None:
        return user.person
    name = _shopper_name()
    return Person(name) if name else None


def visit_key() -> str:
    """The secret name of this anonymous session: its cart and invoices hang on it. Made on demand."""
    if VISIT not in session:
        session[VISIT] = secrets.token_urlsafe(16)
        session.permanent = True
    key: str = session[VISIT]
    return key


def forget_shopper() -> None:
    """Nothing of an anonymous session stays but the language. Who is signed in stays so."""
    if signed_in() is None:
        kept = {name: session[name] for name in ("locale",) if name in session}
        session.clear()
        session.update(kept)


def known_visit() -> str | None:
    """The visit key if this session has one already."""
    return session.get(VISIT)


def actor() -> Actor:
    """Who acts on this page, for the audit log."""
    user = signed_in()
    address, request_id = request.remote_addr or "", str(g.get("request_id") or "")
    return Actor(user.id, user.username, address, request_id) if user else Actor(None, "visitor", address, request_id)


def way_back(target: str | None) -> str | None:
    """The address if it leads into this site: a path, nothing that a browser could read as another host."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    if any(ord(letter) <= 32 or letter == "\\" for letter in target):  # noqa: PLR2004
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def init_visitors(app: Flask) -> None:
    """Let sessions and remember-cookies name their user, for as long as the epoch they carry is the user's."""
    manager = LoginManager()
    manager.session_protection = None  # type: ignore[assignment]
    manager.user_loader(_load_user)
    manager.init_app(app)
    app.jinja_env.globals["current_person"] = current_person


def _load_user(carried: str) -> User | None:
    user_id, _dot, epoch = carried.partition(".")
    if not (user_id.isdecimal() and epoch.isdecimal()):
        return None
    user = db.session.scalar(
        select(User).where(User.id == int(user_id), User.session_epoch == int(epoch), User.is_active)
    )
    if user is not None:
        name_caller(f"user:{user.id}")
    return user


def _shopper_name() -> str | None:
    """The name typed in this session, unless somebody has made an account of it since."""
    name = session.get(SHOPPER)
    if name is None:
        return None
    if "shopper_is_free" not in g:
        g.shopper_is_free = not accounts.has_account(name)
        if not g.shopper_is_free:
            session.pop(SHOPPER)
            flash(_("The name %(name)s belongs to an account now. Sign in, or choose another.", name=name), "warning")
    return str(name) if g.shopper_is_free else None


def needs_sign_in() -> bool:
    """Whether what is asked for is for those who have signed in, and nobody has."""
    audience = getattr(current_app.view_functions.get(request.endpoint or ""), "access", ("public",))
    return "public" not in audience and signed_in() is None


def to_sign_in() -> ResponseReturnValue:
    """The way to the sign-in page, and from there back to the page that is open: 401 with HX-Redirect for HTMX."""
    if wants_part():
        response = Response(status=401)
        response.headers["HX-Redirect"] = url_for("auth.sign_in", next=page_of_part())
        return response
    asked = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("auth.sign_in", next=way_back(asked)), 303)


def page_of_part() -> str | None:
    """The address of the page that HTMX asks a part for, if it says so."""
    shown = urlsplit(request.headers.get("HX-Current-URL", ""))
    path = f"{shown.path}?{shown.query}" if shown.query else shown.path
    return way_back(path) if shown.netloc == request.host else None
