"""Finding people, making accounts, and what people do with their own."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.accounts import rules
from app.accounts.errors import (
    EmailTaken,
    NameBelongsToAccount,
    NameTaken,
    NotAName,
    NotAnEmail,
    UnknownReferral,
    ZoneChangedToday,
)
from app.accounts.models import PasswordReset, RefreshToken, User
from app.accounts.persons import Person
from app.config import settings
from app.errors import NotFound, not_shown
from app.kit.db import db, violated
from app.kit.text import fold
from app.messages import service as messages

SPECIAL_USE_DOMAIN_NAMES[:] = ["invalid"]  # who hosts it at home may have mail at ada@shop.local
NO_PASSWORD = "!"  # noqa: S105  (fits nothing)
ZONE_REST = timedelta(hours=24)

_created: list[Callable[[User], object]] = []
_anonymised: list[Callable[[User], object]] = []
_moved: list[Callable[[User, datetime], object]] = []


def on_created(tell: Callable[[User], object]) -> None:
    """Call this with every new user, in the transaction that makes them."""
    if tell not in _created:
        _created.append(tell)


def on_anonymised(tell: Callable[[User], object]) -> None:
    """Call this with a user whose name is about to be taken, in that transaction, to blank it elsewhere."""
    if tell not in _anonymised:
        _anonymised.append(tell)


def on_moved(tell: Callable[[User, datetime], object]) -> None:
    """Call this with whoever has another coach now, or is let in again, in the transaction that says so."""
    if tell not in _moved:
        _moved.append(tell)


def tell_moved(user: User, now: datetime) -> None:
    """Somebody has another coach now, or is let in again."""
    for tell in _moved:
        tell(user, now)


def tell_created(user: User) -> None:
    """Somebody is new here, or new in this role; who listens must bear hearing it again."""
    for tell in _created:
        tell(user)


def tell_anonymised(user: User) -> None:
    """Let rooms above, which have asked for it, forget this person too."""
    for tell in _anonymised:
        tell(user)


def by_id(user_id: int) -> User | None:
    """A user, active or not."""
    return db.session.get(User, user_id)


def get(user_id: int) -> User:
    """Raises NotFound."""
    user = by_id(user_id)
    if user is None:
        raise NotFound
    return user


def lock(user_id: int) -> User:
    """The user as they are now, locked until the end of the transaction. Raises NotFound."""
    user = db.session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound
    return user


def hold(*user_ids: int) -> dict[int, User]:
    """These users as they are now, held for sharing: nobody moves, changes or anonymises them meanwhile.

    In the order of their ids, as whoever changes users locks them.
    """
    held = select(User).where(User.id.in_(user_ids)).order_by(User.id).with_for_update(read=True)
    return {user.id: user for user in db.session.scalars(held, execution_options={"populate_existing": True})}


def hold_named(username: str, *others: int) -> User | None:
    """The account of that username, without regard to case, held together with these others as `hold` does."""
    held = select(User).where(or_(func.lower(User.username) == fold(username), User.id.in_(others)))
    held = held.order_by(User.id).with_for_update(read=True)
    found = db.session.scalars(held, execution_options={"populate_existing": True}).all()
    return next((user for user in found if fold(user.username) == fold(username)), None)


def hold_client(coach: User, client_id: int) -> User:
    """A client of this coach who may sign in, held as `hold` does: they stay with this coach meanwhile.

    Raises NotFound for anybody else's.
    """
    client = hold(coach.id, client_id).get(client_id)
    if client is None or client.role != "client" or client.coach_id != coach.id or not client.is_active:
        raise not_shown(select(User.id).where(User.id == client_id, User.role == "client"))
    return client


def find(username: str) -> User | None:
    """The account of that username, without regard to case."""
    return db.session.scalar(select(User).where(func.lower(User.username) == fold(username)))


def find_by_email(email: str) -> User | None:
    """Whose address this is, without regard to case."""
    return db.session.scalar(select(User).where(func.lower(User.email) == fold(email)))


def find_by_login(login: str) -> User | None:
    """By username or e-mail; a username holds no @, so the two can't be confused."""
    return find_by_email(login) if "@" in login else find(login)


def active_admins() -> Sequence[User]:
    """Those who look after what nobody else does."""
    return db.session.scalars(select(User).where(User.role == "admin", User.is_active).order_by(User.id)).all()


def has_account(name: str) -> bool:
    """Whether somebody's account has this username, without regard to case."""
    return find(name) is not None


def shopper_name(typed: str) -> str:
    """The name to shop under without an account. Raises NotAName, NameBelongsToAccount."""
    name = typed.strip()
    if not rules.is_username(name):
        raise NotAName
    if has_account(name):
        raise NameBelongsToAccount
    return name


def person_named(typed: str) -> Person:
    """Whoever has this name: an account, else somebody who shops under it. Raises NotAName."""
    name = typed.strip()
    if not rules.is_username(name):
        raise NotAName
    user = find(name)
    return user.person if user else Person(name)


def check_new_name(username: str) -> None:
    """Raises NotAName, and NameTaken when somebody has it already."""
    if not rules.is_username(username):
        raise NotAName
    if has_account(username):
        raise NameTaken


def home_timezone() -> str:
    """The zone that new accounts take."""
    return settings().timezone


def normal_email(typed: str) -> str:
    """The address as it is kept. Raises NotAnEmail."""
    try:
        valid = validate_email(typed.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise NotAnEmail from None
    return str(valid.ascii_email).lower()


def create_user(  # noqa: PLR0913
    *,
    username: str,
    email: str,
    password_hash: str,
    now: datetime,
    role: str = "client",
    display_name: str = "",
    coach_id: int | None = None,
    referred_by_id: int | None = None,
    timezone: str | None = None,
    locale: str = "en",
) -> User:
    """Make an account and what belongs to it. Raises NotAName, NotAnEmail, NameTaken, EmailTaken."""
    check_new_name(username)
    email = normal_email(email)
    if find_by_email(email):
        raise EmailTaken
    user = User(
        username=username,
        email=email,
        password_hash=password_hash,
        display_name=display_name.strip(),
        role=role,
        coach_id=coach_id,
        referred_by_id=referred_by_id,
        referral_code=_new_referral_code(),
        timezone=timezone or home_timezone(),
        locale=locale,
        is_active=True,
        session_epoch=1,
        version=1,
        created_at=now,
        updated_at=now,
    )
    db.session.add(user)
    flush_account()
    tell_created(user)
    return user


def flush_account() -> None:
    """Write what was changed of accounts, the constraints having the last word. Raises NameTaken, EmailTaken."""
    try:
        db.session.flush()
    except IntegrityError as error:
        if violated(error, "uq_users_username"):
            raise NameTaken from error
        if violated(error, "uq_users_email"):
            raise EmailTaken from error
        raise


def register(  # noqa: PLR0913
    *, username: str, email: str, password_hash: str, referral_code: str, locale: str, now: datetime
) -> User:
    """A client makes their own account. Raises NotAName, NotAnEmail, NameTaken, EmailTaken, UnknownReferral."""
    referrer = _referrer(referral_code)
    return create_user(
        username=username,
        email=email,
        password_hash=password_hash,
        referred_by_id=referrer.id if referrer else None,
        locale=locale,
        now=now,
    )


def note_sign_in(user: User, now: datetime, *, new_hash: str | None = None) -> None:
    """Remember when they came; `new_hash` replaces one that was made with weaker parameters."""
    values = {"last_login_at": now} | ({"password_hash": new_hash} if new_hash else {})
    db.session.execute(update(User).where(User.id == user.id).values(**values))


def end_sessions(user: User) -> None:
    """End every session, remember-cookie and access token of this (locked) user."""
    user.session_epoch += 1


def end_everything(user: User, now: datetime) -> None:
    """End the sessions of this (locked) user, and their refresh tokens with them."""
    end_sessions(user)
    revoke = update(RefreshToken).where(RefreshToken.user_id == user.id, RefreshToken.revoked_at.is_(None))
    db.session.execute(revoke.values(revoked_at=now))


def set_password(user: User, password_hash: str, now: datetime) -> None:
    """A new password for this (locked) user: old sessions, tokens and reset links are worth nothing any more."""
    user.password_hash = password_hash
    user.updated_at = now
    end_everything(user, now)
    open_links = update(PasswordReset).where(PasswordReset.user_id == user.id, PasswordReset.used_at.is_(None))
    db.session.execute(open_links.values(used_at=now))
    key = f"password:{user.id}:{user.session_epoch}"
    write_to(user, "password_changed", {}, key=key, now=now)


def change_email(user: User, email: str, now: datetime) -> None:
    """A new address for this (locked) user; the old one is told. Raises NotAnEmail, EmailTaken."""
    email = normal_email(email)
    if email == user.email:
        return
    if find_by_email(email):
        raise EmailTaken
    tell_old_address(user, email, now)
    user.email = email
    user.version += 1
    user.updated_at = now
    flush_account()


def tell_old_address(user: User, new_email: str, now: datetime) -> None:
    """Warn the address that was this user's until now."""
    write_to(user, "email_changed", {"new_email": new_email}, key=f"email:{user.id}:{user.version}", now=now)


def write_to(user: User, template: str, context: Mapping[str, Any], *, key: str, now: datetime) -> None:
    """Owe this user a mail, in their language. It may use `name`, and what the context holds."""
    messages.send(
        user.email,
        template,
        {"name": user.name, **context},
        key=key,
        locale=user.locale,
        user_id=user.id,
        now=now,
    )


def set_locale(user_id: int, locale: str) -> None:
    """Remember the language that this user reads."""
    db.session.execute(update(User).where(User.id == user_id).values(locale=locale))


def change_profile(user: User, *, display_name: str, timezone: str, locale: str, now: datetime) -> None:
    """Change what people choose for themselves on this (locked) user. Raises ZoneChangedToday."""
    if timezone != user.timezone:
        if user.timezone_changed_at and now < user.timezone_changed_at + ZONE_REST:
            raise ZoneChangedToday
        user.timezone, user.timezone_changed_at = timezone, now
    user.display_name, user.locale = display_name.strip(), locale
    user.version += 1
    user.updated_at = now


def _referrer(code: str) -> User | None:
    if not code.strip():
        return None
    found = select(User).where(User.referral_code == code.strip().upper(), User.is_active)
    referrer = db.session.scalar(found)
    if referrer is None:
        raise UnknownReferral
    return referrer


def _new_referral_code() -> str:
    return "".join(secrets.choice(rules.REFERRAL_LETTERS) for _each in range(rules.REFERRAL_LENGTH))
