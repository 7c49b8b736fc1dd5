"""Who races for rewards, their guards taken off, and what the rows say afterwards."""

from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit.db import db, retry_lost_transactions, unit_of_work
from app.loyalty import books, keeping, redeeming, rewards
from app.loyalty.errors import AlreadyHandled
from app.loyalty.keeping import ADMINS, Keeper
from app.loyalty.models import XpSummary
from app.loyalty.reward_models import PENDING, TAKEN, Reward, RewardRedemption
from app.loyalty.rewards import RewardDetails
from tests.make_kit import NOW
from tests.racing import FINISH_SECONDS

Contestant = Callable[[], Any]


def doing(work: Callable[[], Any], told: str) -> Contestant:
    """A request: the work in a transaction, again where that lost to another one."""

    def once() -> str:
        try:
            with unit_of_work():
                work()
        except IntegrityError:
            return "the table refuses it"
        return told

    return lambda: retry_lost_transactions(once)


def in_one_go(work: Callable[[], Any], told: str) -> Contestant:
    """The same, once: of two that wait for each other one is lost."""

    def attempt() -> str:
        try:
            with unit_of_work():
                work()
        except OperationalError:
            return "lost"
        return told

    return attempt


def redeemer(client: User, reward: Reward, key: str = "pressed") -> Contestant:
    reward_id = reward.id
    return doing(lambda: redeeming.redeem(client, reward_id, key=key, seen_cost=None, now=NOW), "redeemed")


def fulfiller(redemption: RewardRedemption, by: User) -> Contestant:
    redemption_id = redemption.id
    return doing(lambda: redeeming.fulfil(redemption_id, by, actor=SYSTEM, now=NOW), "fulfilled")


def rejecter(redemption: RewardRedemption, by: User) -> Contestant:
    redemption_id = redemption.id
    return doing(lambda: redeeming.reject(redemption_id, by, notes="Gone", actor=SYSTEM, now=NOW), "rejected")


def arrived(outcome: str) -> str:
    """Whoever has done all they wanted, for a window that opens then."""
    return outcome


def stocker(reward: Reward, stock: int, seen: int) -> Contestant:
    """An admin who saw a stock and saves another one."""
    reward_id, details = reward.id, RewardDetails(reward.name, reward.points_cost, stock=stock)
    return doing(lambda: rewards.change(reward_id, details, ADMINS, seen_stock=seen, actor=SYSTEM, now=NOW), "stocked")


def deleter(reward: Reward) -> Contestant:
    reward_id = reward.id
    return doing(lambda: rewards.delete(reward_id, ADMINS, actor=SYSTEM, now=NOW), "deleted")


def points_of(client: User) -> int:
    db.session.rollback()
    return db.session.get_one(XpSummary, client.id, populate_existing=True).available_points


def stock_of(reward: Reward) -> int | None:
    db.session.rollback()
    return db.session.get_one(Reward, reward.id, populate_existing=True).stock


def statuses() -> list[str]:
    """Of all redemptions, sorted."""
    db.session.rollback()
    return sorted(db.session.scalars(select(RewardRedemption.status)))


def faults() -> list[Any]:
    db.session.rollback()
    return books.faults()


def check_stock_first(reward: Reward, redemption: RewardRedemption, now: datetime) -> None:
    """`redeeming._take_piece` for those who trust what they have read before; entries as it writes them."""
    db.session.execute(
        update(Reward).where(Reward.id == reward.id).values(stock=reward.stock - 1 if reward.stock else None),
        execution_options={"synchronize_session": False},
    )
    redeeming._note_piece(redemption, TAKEN, -1, now)  # noqa: SLF001


def check_points_first(user: User, redemption: RewardRedemption, now: datetime) -> None:  # noqa: ARG001
    """`redeeming._spend` for those who trust the balance that they have read before."""
    mine = XpSummary.user_id == user.id
    balance = db.session.scalars(select(XpSummary.available_points).where(mine)).one()
    left = balance - redemption.points_spent
    write_points(user.id, left)


def write_points(user_id: int, points: int) -> None:
    """In a statement of its own, so that a window lies before it."""
    summary = update(XpSummary).where(XpSummary.user_id == user_id).values(available_points=points)
    db.session.execute(summary, execution_options={"synchronize_session": False})


def handle_unseen(
    redemption_id: int, handler: User, decision: tuple[str, str], _actor: object, now: datetime
) -> RewardRedemption:
    """`redeeming._handle` for those who trust that what they see pending stays so."""
    found = db.session.get_one(RewardRedemption, redemption_id, populate_existing=True)
    if found.status != PENDING:
        raise AlreadyHandled(found.status, "")
    found.status, found.coach_notes = decision
    found.handled_by_id, found.handled_at = handler.id, now
    db.session.flush()
    return found


def hold_nothing(model: Any, item_id: int, keeper: Keeper, **_more: Any) -> Any:
    """`keeping.hold` for those who trust that nobody else is at it."""
    return keeping.one(model, item_id, keeper)


def offer_unlocked(user: User, reward_id: int) -> Reward:  # noqa: ARG001
    """`redeeming._offered` for those who trust that a reward stays."""
    return db.session.get_one(Reward, reward_id, populate_existing=True)


def read_balances_unlocked(user_ids: Sequence[int]) -> dict[int, int]:
    """`ledger.lock_balances` for the same."""
    found = select(XpSummary.user_id, XpSummary.available_points).where(XpSummary.user_id.in_(user_ids))
    return {row.user_id: row.available_points for row in db.session.execute(found)}


def refused_by_the_table(work: Contestant) -> Contestant:
    """What a constraint says, told as an outcome."""

    def attempt() -> Any:
        try:
            return work()
        except IntegrityError:
            db.session.rollback()
            return "the table refuses it"

    return attempt


def signal() -> Event:
    """Something that one contestant tells another."""
    return get_context("fork").Event()


def telling(seen: Event, work: Callable[..., Any]) -> Callable[..., Any]:
    """The same, and then the other one may begin."""

    def tell(*args: Any, **kwargs: Any) -> Any:
        result = work(*args, **kwargs)
        seen.set()
        return result

    return tell


def once_told(seen: Event, work: Contestant) -> Contestant:
    """The same, when it was told to begin."""

    def begin() -> Any:
        assert seen.wait(FINISH_SECONDS)
        return work()

    return begin
