"""What admins do with accounts; every change is audited."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import selectinload

from app.accounts import resets, service
from app.accounts.errors import AlreadyAnonymous, EmailTaken, LastAdmin, NotACoach
from app.accounts.models import User
from app.audit import service as audit
from app.audit.service import Actor
from app.errors import Conflict, NotFound
from app.kit.db import db
from app.kit.text import like
from app.messages import service as messages

FRESH = {"populate_existing": True}
PERSONAL = ("username", "email", "display_name", "timezone")


@dataclass(frozen=True, slots=True)
class Account:
    """What an admin may set on an account. The username stays what it is: books and programs know it."""

    email: str
    display_name: str
    role: str
    coach_id: int | None
    timezone: str
    locale: str
    is_active: bool = True


def users(*, search: str = "", role: str = "", state: str = "") -> Select[User]:
    """The accounts that fit, by name; `state` is `active`, `inactive` or empty."""
    query = select(User).options(selectinload(User.coach)).order_by(func.lower(User.username))
    if search:
        found = (column.ilike(like(search), escape="\\") for column in (User.username, User.email, User.display_name))
        query = query.where(or_(*found))
    if role:
        query = query.where(User.role == role)
    if state:
        query = query.where(User.is_active == (state == "active"))
    return query


def coaches() -> list[User]:
    """Those who can have clients now."""
    active = select(User).where(User.role == "coach", User.is_active).order_by(func.lower(User.username))
    return list(db.session.scalars(active))


def names_of(user_ids: set[int]) -> dict[int, str]:
    """Usernames by id, in one statement; nobody's in none."""
    if not user_ids:
        return {}
    rows = db.session.execute(select(User.id, User.username).where(User.id.in_(user_ids)))
    return {row.id: row.username for row in rows}


def shown_names_of(user_ids: set[int]) -> dict[int, str]:
    """The names by which they are shown to others, by id, in one statement; nobody's in none."""
    if not user_ids:
        return {}
    return {user.id: user.name for user in db.session.scalars(select(User).where(User.id.in_(user_ids)))}


def create(username: str, account: Account, *, password_hash: str | None, actor: Actor, now: datetime) -> User:
    """An account made for somebody; without a password they get a link to set one.

    Raises NameTaken, EmailTaken, NotAName, NotAnEmail, NotACoach.
    """
    _lock(account.coach_id)
    _check_coach(account)
    user = service.create_user(
        username=username,
        email=account.email,
        password_hash=password_hash or service.NO_PASSWORD,
        role=account.role,
        display_name=account.display_name,
        coach_id=account.coach_id,
        timezone=account.timezone,
        locale=account.locale,
        now=now,
    )
    after = {"username": user.username, **_state(user)}
    audit.record(actor, "create", "user", user.id, after=after, personal=PERSONAL, subject_id=user.id)
    if password_hash is None:
        resets.ask_for(user.id, now=now, is_invitation=True)
    return user


def edit(user_id: int, account: Account, *, version: int, actor: Actor, now: datetime) -> User:
    """Change an account. A new role and deactivation end its sessions and tokens, and set a coach's clients free.

    Raises Conflict (with who was faster, and their `version`), LastAdmin, NotACoach, EmailTaken, NotAnEmail.
    """
    user = _locked(user_id, account.coach_id)
    _refuse_stale(user, version)
    _refuse_anonymous(user)
    _check_coach(account)
    before = _state(user)
    loses_power = user.is_active and (not account.is_active or account.role != user.role)
    if loses_power:
        _end_power(user, actor, now)
    _set_email(user, account.email, now)
    user.display_name, user.role, user.coach_id = account.display_name.strip(), account.role, account.coach_id
    if account.timezone != user.timezone:
        user.timezone_changed_at = now
    user.timezone, user.locale, user.is_active = account.timezone, account.locale, account.is_active
    if before["role"] != "client" and user.role == "client":
        service.tell_created(user)
    _note_change(user, "update", before, actor, now)
    is_moved = user.coach_id is not None and before["coach_id"] != user.coach_id
    is_back = user.is_active and not before["is_active"]
    if user.role == "client" and (is_moved or is_back):
        service.tell_moved(user, now)
    return user


def set_active(user_id: int, *, is_active: bool, actor: Actor, now: datetime) -> User:
    """Let somebody in again, or end their sessions and tokens at once. Raises LastAdmin."""
    user = _locked(user_id)
    _refuse_anonymous(user)
    before = _state(user)
    if user.is_active and not is_active:
        _end_power(user, actor, now)
    user.is_active = is_active
    if before["is_active"] != is_active:
        _note_change(user, "activate" if is_active else "deactivate", before, actor, now)
        if is_active and user.role == "client":
            service.tell_moved(user, now)
    return user


def count_clients(coach_id: int) -> int:
    counted = select(func.count()).select_from(User).where(User.coach_id == coach_id)
    return db.session.scalar(counted) or 0


def end_sessions(user_id: int, *, actor: Actor, now: datetime) -> User:
    """Sign somebody out everywhere, programs with their tokens too."""
    user = service.lock(user_id)
    service.end_everything(user, now)
    audit.record(actor, "end_sessions", "user", user.id)
    return user


def anonymise(user_id: int, *, actor: Actor, now: datetime) -> User:
    """Take the name and keep the books: nothing that identifies the person stays. For good. Raises LastAdmin."""
    user = _locked(user_id)
    _refuse_anonymous(user)
    before = _state(user)
    _end_power(user, actor, now)
    service.tell_anonymised(user)
    messages.forget(user.id)
    user.username, user.email = f"gone:{user.id}", f"gone-{user.id}@invalid"
    user.display_name, user.password_hash, user.coach_id = "", service.NO_PASSWORD, None
    user.referral_code, user.timezone, user.timezone_changed_at = f"GONE{user.id}", "UTC", None
    user.is_active, user.anonymised_at, user.last_login_at = False, now, None
    _note_change(user, "anonymise", before, actor, now)
    audit.blank(user.id)
    return user


def _lock(*user_ids: int | None) -> dict[int, User]:
    """These users and every active admin, locked in the order of their ids."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    rows = select(User).where(or_(User.id.in_(wanted), (User.role == "admin") & User.is_active)).order_by(User.id)
    return {user.id: user for user in db.session.scalars(rows.with_for_update(), execution_options=FRESH)}


def _locked(user_id: int, *others: int | None) -> User:
    user = _lock(user_id, *others).get(user_id)
    if user is None:
        raise NotFound
    return user


def _end_power(user: User, actor: Actor, now: datetime) -> None:
    """What ends with a role: the sessions in it, and being somebody's coach. Raises LastAdmin."""
    if user.role == "admin" and user.is_active and not _has_another_admin(user):
        raise LastAdmin
    service.end_everything(user, now)
    if user.role == "coach":
        _set_clients_free(user, actor)


def _has_another_admin(user: User) -> bool:
    others = select(User.id).where(User.role == "admin", User.is_active, User.id != user.id)
    return db.session.scalar(others.limit(1)) is not None


def _set_clients_free(coach: User, actor: Actor) -> None:
    freed = db.session.scalars(
        update(User)
        .where(User.coach_id == coach.id)
        .values(coach_id=None, version=User.version + 1)
        .returning(User.id)
        .execution_options(synchronize_session=False)
    )
    for client_id in sorted(freed):
        audit.record(actor, "update", "user", client_id, before={"coach_id": coach.id}, after={"coach_id": None})


def _refuse_stale(user: User, version: int) -> None:
    if user.version == version:
        return
    last = audit.last_change("user", user.id)
    if last is None or last.actor_id is None:
        raise Conflict(version=user.version)
    name = names_of({last.actor_id}).get(last.actor_id, "")
    raise Conflict(
        _(
            "%(name)s changed this account while you had it open (%(fields)s). "
            "What you typed is kept: save again to use it.",
            name=name,
            fields=", ".join(last.after or ()).replace("_", " "),
        ),
        version=user.version,
    )


def _refuse_anonymous(user: User) -> None:
    if user.anonymised_at is not None:
        raise AlreadyAnonymous


def _check_coach(account: Account) -> None:
    """The coach's row is locked already."""
    if account.coach_id is None:
        return
    coach = service.by_id(account.coach_id)
    if account.role != "client" or coach is None or coach.role != "coach" or not coach.is_active:
        raise NotACoach


def _set_email(user: User, typed: str, now: datetime) -> None:
    email = service.normal_email(typed)
    if email == user.email:
        return
    if service.find_by_email(email):
        raise EmailTaken
    service.tell_old_address(user, email, now)
    user.email = email


def _note_change(user: User, action: str, before: dict[str, object], actor: Actor, now: datetime) -> None:
    user.version += 1
    user.updated_at = now
    service.flush_account()
    audit.record(actor, action, "user", user.id, before, _state(user), personal=PERSONAL, subject_id=user.id)


def _state(user: User) -> dict[str, object]:
    return {name: getattr(user, name) for name in Account.__dataclass_fields__}
