"""What two people do at the same moment: each guard, and what happens without it."""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import desk, passwords, resets, tokens
from app.accounts import service as accounts
from app.accounts.models import PasswordReset, RefreshToken, User
from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from tests import make
from tests.racing import after_statement, before_statement, race, unguarded_race, without_unique

LATER = make.NOW.replace(hour=13)


def count(*conditions: object) -> int:
    return db.session.scalar(select(func.count()).select_from(User).where(*conditions)) or 0  # type: ignore[arg-type]


def deactivate(user_id: int) -> str:
    with unit_of_work():
        desk.set_active(user_id, is_active=False, actor=SYSTEM, now=LATER)
    return "deactivated"


def test_two_admins_cant_deactivate_each_other(app: Flask) -> None:
    admins = [make.user(role="admin") for _each in range(2)]
    contestants = [partial(deactivate, each.id) for each in admins]
    outcomes = race(app, contestants, hold=after_statement(r"users\.id != "))
    assert sorted(outcomes) == ["deactivated", "last_admin"]
    assert count(User.role == "admin", User.is_active) == 1


@pytest.fixture
def _unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard taken away: admins read accounts without locking them."""

    def unlocked(*user_ids: int | None) -> dict[int, User]:
        wanted = [user_id for user_id in user_ids if user_id is not None]
        return {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(wanted)))}

    monkeypatch.setattr(desk, "_lock", unlocked)


@pytest.mark.usefixtures("_unlocked")
def test_without_the_lock_both_would_be_gone(app: Flask) -> None:
    admins = [make.user(role="admin") for _each in range(2)]
    hold = before_statement("^UPDATE users SET session_epoch", letting_go=True)
    outcomes = unguarded_race(app, [partial(deactivate, each.id) for each in admins], hold=hold)
    assert outcomes == ["deactivated", "deactivated"]
    assert count(User.role == "admin", User.is_active) == 0


def register(name: str) -> str:
    password_hash = passwords.hash_password("a fine password")
    with unit_of_work():
        accounts.register(
            username=name,
            email=f"{name}{id(name)}@example.com",
            password_hash=password_hash,
            referral_code="",
            locale="en",
            now=LATER,
        )
    return "registered"


def test_a_name_is_registered_once_however_many_try(app: Flask) -> None:
    names = ["ada", "Ada", "ADA", "aDa"]
    outcomes = race(app, [partial(register, name) for name in names], hold=after_statement(r"^SELECT .*lower\(users"))
    assert sorted(outcomes) == ["name_taken", "name_taken", "name_taken", "registered"]
    assert count(func.lower(User.username) == "ada") == 1


def test_without_the_unique_name_all_have_it(app: Flask) -> None:
    hold = before_statement("^INSERT INTO users", letting_go=True)
    with without_unique("users", "uq_users_username"):
        assert (
            unguarded_race(app, [partial(register, name) for name in ("ada", "Ada")], hold=hold) == ["registered"] * 2
        )
        assert count(func.lower(User.username) == "ada") == 2


@pytest.fixture
def link(app: Flask) -> str:  # noqa: ARG001
    """The token of a link that sets a new password."""
    user = make.user()
    token_hash = resets._hash("a token")  # noqa: SLF001
    with unit_of_work():
        db.session.add(
            PasswordReset(
                user_id=user.id, token_hash=token_hash, created_at=make.NOW, expires_at=make.NOW.replace(day=3)
            )
        )
    return "a token"


def use(link: str, password_hash: str) -> str:
    with unit_of_work():
        resets.use(link, password_hash, now=LATER)
    return password_hash


def test_a_reset_link_sets_one_password(app: Flask, link: str) -> None:
    outcomes = race(app, [partial(use, link, f"hash {number}") for number in range(4)])
    winners = [each for each in outcomes if each.startswith("hash")]
    assert len(winners) == 1
    assert outcomes.count("dead_link") == 3
    assert db.session.scalars(select(User.password_hash)).one() == winners[0]


def trusting(module: ModuleType, column: Any, token: str, then: Callable[[], str]) -> str:
    """Look first whether the token is alive, and act on that in a transaction of its own."""
    found = db.session.scalar(select(column).where(*module._is_alive(token, LATER)))  # noqa: SLF001
    db.session.rollback()
    module._is_alive = lambda *_args: (column == found,)  # type: ignore[attr-defined]  # noqa: SLF001
    return then()


def test_without_the_condition_a_reset_link_sets_several(app: Flask, link: str) -> None:
    contestants = [
        partial(trusting, resets, PasswordReset.id, link, partial(use, link, f"hash {number}")) for number in range(2)
    ]
    hold = after_statement("^SELECT password_resets")
    assert unguarded_race(app, contestants, hold=hold) == ["hash 0", "hash 1"]


@pytest.fixture
def token(app: Flask) -> str:  # noqa: ARG001
    """A refresh token."""
    user = make.user()
    with unit_of_work():
        return tokens.issue(user, make.NOW).refresh


def refresh(token: str) -> str:
    with unit_of_work():
        return "a pair" if tokens.refresh(token, LATER) else "refused"


def live_tokens() -> int:
    live = select(func.count()).select_from(RefreshToken)
    return db.session.scalar(live.where(RefreshToken.revoked_at.is_(None), RefreshToken.used_at.is_(None))) or 0


def test_a_refresh_token_that_two_use_at_once_ends_the_family(app: Flask, token: str) -> None:
    outcomes = race(app, [partial(refresh, token)] * 4)
    assert sorted(outcomes) == ["a pair", "refused", "refused", "refused"]
    assert live_tokens() == 0


def test_without_the_condition_both_go_on(app: Flask, token: str) -> None:
    contestants = [partial(trusting, tokens, RefreshToken.id, token, partial(refresh, token))] * 2
    assert unguarded_race(app, contestants, hold=after_statement("^SELECT refresh_tokens")) == ["a pair"] * 2
    assert live_tokens() == 2


def edit(user_id: int, display_name: str, version: int) -> str:
    user = accounts.get(user_id)
    account = desk.Account(
        email=user.email, display_name=display_name, role="client", coach_id=None, timezone="UTC", locale="en"
    )
    db.session.rollback()
    with unit_of_work():
        desk.edit(user_id, account, version=version, actor=SYSTEM, now=LATER)
    return "saved"


def test_of_two_edits_from_one_version_the_second_is_refused(app: Flask) -> None:
    user = make.user()
    outcomes = race(app, [partial(edit, user.id, f"Name {number}", user.version) for number in range(4)])
    assert sorted(outcomes) == ["conflict", "conflict", "conflict", "saved"]
    assert db.session.get_one(User, user.id, populate_existing=True).version == 2


@pytest.mark.usefixtures("_unlocked")
def test_without_the_lock_the_second_edit_overwrites_the_first(app: Flask) -> None:
    user = make.user()
    contestants = [partial(edit, user.id, f"Name {number}", user.version) for number in range(2)]
    hold = before_statement("^UPDATE users SET display_name", letting_go=True)
    assert unguarded_race(app, contestants, hold=hold) == ["saved"] * 2
    assert db.session.get_one(User, user.id, populate_existing=True).version == 2


def coach_and_admin() -> list[Callable[[], str]]:
    """An admin gives a coach a client while another deactivates that coach."""
    coach, client = make.user(role="coach"), make.user()

    def assign() -> str:
        account = desk.Account(
            email=client.email, display_name="", role="client", coach_id=coach.id, timezone="UTC", locale="en"
        )
        with unit_of_work():
            desk.edit(client.id, account, version=client.version, actor=SYSTEM, now=LATER)
        return "assigned"

    return [assign, partial(deactivate, coach.id)]


def test_a_coach_who_is_deactivated_while_getting_a_client_ends_without_one(app: Flask) -> None:
    outcomes = race(app, coach_and_admin(), hold=after_statement(r"FOR UPDATE$"))
    assert outcomes[1] == "deactivated"
    assert outcomes[0] in {"assigned", "not_a_coach", "conflict"}
    assert count(User.coach_id.is_not(None)) == 0


@pytest.mark.usefixtures("_unlocked")
def test_without_the_lock_the_client_hangs_on_nobody(app: Flask) -> None:
    hold = before_statement(r"^UPDATE users SET (coach_id=\S+ version=\S+ updated_at|is_active=)", letting_go=True)
    assert unguarded_race(app, coach_and_admin(), hold=hold) == ["assigned", "deactivated"]
    assert count(User.coach_id.is_not(None)) == 1
