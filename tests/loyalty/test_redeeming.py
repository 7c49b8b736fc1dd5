"""Redeeming a reward, and what its coach makes of it: every row that it leaves."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.errors import NotFound
from app.kit.db import db, unit_of_work
from app.loyalty import books, redeeming
from app.loyalty.errors import (
    AlreadyHandled,
    ButtonReused,
    ButtonUnknown,
    CostChanged,
    NotEnoughPoints,
    OutOfStock,
    ReasonNeeded,
    RewardInactive,
)
from app.loyalty.models import XpSummary, XpTransaction
from app.loyalty.reward_models import Reward, RewardRedemption, StockEntry
from app.messages import notices
from app.messages.models import Mail
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")


def redeem(client: User, reward: Reward, *, key: str = "pressed", seen_cost: int | None = None) -> RewardRedemption:
    with unit_of_work():
        return redeeming.redeem(client, reward.id, key=key, seen_cost=seen_cost, now=NOW)


def fulfil(redemption: RewardRedemption, by: User) -> RewardRedemption:
    with unit_of_work():
        return redeeming.fulfil(redemption.id, by, actor=SYSTEM, now=NOW)


def reject(redemption: RewardRedemption, by: User, notes: str = "Sold elsewhere") -> RewardRedemption:
    with unit_of_work():
        return redeeming.reject(redemption.id, by, notes=notes, actor=SYSTEM, now=NOW)


def points(client: User) -> int:
    return db.session.get_one(XpSummary, client.id, populate_existing=True).available_points


def stock(reward: Reward) -> int | None:
    return db.session.get_one(Reward, reward.id, populate_existing=True).stock


def entries(reward: Reward) -> list[tuple[str, int]]:
    found = select(StockEntry.kind, StockEntry.change).where(StockEntry.reward_id == reward.id)
    return [(kind, change) for kind, change in db.session.execute(found.order_by(StockEntry.id))]


def mails() -> list[tuple[str, str]]:
    return [(mail.recipient, mail.template) for mail in db.session.scalars(select(Mail).order_by(Mail.id))]


@pytest.fixture(autouse=True)
def books_are_right(app: Flask) -> Iterator[None]:  # noqa: ARG001  (the database must still be there)
    yield
    db.session.rollback()
    assert books.faults() == []


def test_redeeming_takes_points_and_a_piece_and_asks_the_coach() -> None:
    coach = make.user(role="coach")
    client, reward = make.rich_client(coach_id=coach.id), make.reward(stock=3)
    redemption = redeem(client, reward)
    assert (redemption.status, redemption.points_spent, points(client), stock(reward)) == ("pending", 50, 50, 2)
    assert entries(reward) == [("set", 3), ("taken", -1)]
    [row] = db.session.scalars(select(XpTransaction).where(XpTransaction.kind == "redemption"))
    assert (row.points, row.xp, row.source_key, row.details) == (
        -50,
        0,
        f"redemption:{redemption.id}",
        {"redemption_id": redemption.id},
    )
    assert mails() == [(coach.email, "redemption_asked")]


def test_without_an_active_coach_the_admins_are_asked() -> None:
    admin, coach = make.user(role="admin"), make.user(role="coach", is_active=False)
    redeem(make.rich_client(coach_id=coach.id), make.reward())
    assert mails() == [(admin.email, "redemption_asked")]


def test_the_same_button_pressed_twice_redeems_once() -> None:
    client, reward = make.rich_client(), make.reward(stock=1)
    assert redeem(client, reward).id == redeem(client, reward).id
    assert (points(client), stock(reward)) == (50, 0)
    with pytest.raises(ButtonReused):
        redeem(client, make.reward())


def test_a_refusal_leaves_nothing_behind() -> None:
    client = make.rich_client(40)
    for reward, seen_cost, refusal in (
        (make.reward(), None, NotEnoughPoints),
        (make.reward(points_cost=10, stock=0), None, OutOfStock),
        (make.reward(points_cost=10, is_active=False), None, RewardInactive),
        (make.reward(points_cost=10), 9, CostChanged),
        (make.reward(points_cost=10, coach=make.user(role="coach")), None, NotFound),
    ):
        with pytest.raises(refusal):
            redeem(client, reward, seen_cost=seen_cost)
    assert (points(client), mails(), list(db.session.scalars(select(RewardRedemption)))) == (40, [], [])


@pytest.mark.parametrize(("cost", "missing", "told"), [(41, 1, "1 more point"), (5399, 5359, "5,359 more points")])
def test_how_many_points_are_missing_is_said_as_numbers_are_written(cost: int, missing: int, told: str) -> None:
    with pytest.raises(NotEnoughPoints) as refused:
        redeem(make.rich_client(40), make.reward(points_cost=cost))
    assert (refused.value.missing, str(refused.value.message)) == (missing, f"You need {told} for this.")


def test_what_is_fulfilled_stays_so_and_the_client_is_told_here_and_by_mail() -> None:
    coach = make.user(role="coach", display_name="Dana")
    client = make.rich_client(coach_id=coach.id)
    redemption = make.redemption(client)
    handled = fulfil(redemption, coach)
    assert (handled.status, handled.handled_by_id, handled.handled_at) == ("fulfilled", coach.id, NOW)
    assert mails()[1:] == [(client.email, "redemption_fulfilled")]
    assert [notice.kind for notice in notices.unseen(client.id)] == ["redemption_fulfilled"]
    for act in (fulfil, reject):
        with pytest.raises(AlreadyHandled) as refused:
            act(redemption, coach)
        assert str(refused.value.message) == "Dana has fulfilled this already."
    assert points(client) == 50


def test_what_is_rejected_gives_points_and_piece_back() -> None:
    coach = make.user(role="coach")
    client, reward = make.rich_client(coach_id=coach.id), make.reward(stock=1)
    redemption = make.redemption(client, reward)
    with pytest.raises(ReasonNeeded):
        reject(redemption, coach, notes=" ")
    assert reject(redemption, coach).coach_notes == "Sold elsewhere"
    assert (points(client), stock(reward)) == (100, 1)
    assert entries(reward) == [("set", 1), ("taken", -1), ("returned", 1)]
    [back] = db.session.scalars(select(XpTransaction).where(XpTransaction.kind == "reversal"))
    [taken] = db.session.scalars(select(XpTransaction).where(XpTransaction.kind == "redemption"))
    assert (back.reverses_id, back.points, back.source_key) == (taken.id, 50, f"undo:redemption:{redemption.id}")


def test_only_the_clients_coach_of_today_or_an_admin_handles_it() -> None:
    old, new, admin = make.user(role="coach"), make.user(role="coach"), make.user(role="admin")
    client = make.rich_client(coach_id=old.id)
    first, second = make.redemption(client), make.redemption(client)
    with unit_of_work():
        db.session.get_one(User, client.id).coach_id = new.id
    for act in (fulfil, reject):
        with pytest.raises(NotFound):
            act(first, old)
    assert fulfil(first, new).handled_by_id == new.id
    assert fulfil(second, admin).handled_by_id == admin.id


@pytest.mark.parametrize("key", ["", "   ", "a\0b", "x" * 65])
def test_a_button_without_a_name_that_we_can_keep_does_nothing(key: str) -> None:
    client = make.rich_client()
    with pytest.raises(ButtonUnknown):
        redeem(client, make.reward(), key=key)
    assert (points(client), mails()) == (100, [])


def test_somebody_who_is_shut_out_gets_points_back_but_no_mail() -> None:
    admin = make.user(role="admin")
    client = make.rich_client()
    redemption = make.redemption(client)
    with unit_of_work():
        db.session.get_one(User, client.id).is_active = False
    reject(redemption, admin)
    assert (points(client), mails()) == (100, [(admin.email, "redemption_asked")])
