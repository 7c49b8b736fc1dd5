"""What the demo's clients follow, were awarded, and have bought with their points."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from app.accounts import service as accounts
from app.accounts.models import User
from app.activity import programs
from app.activity.program_models import COMPLETED, Program
from app.audit.service import SYSTEM
from app.demo.loyalty import settle_waiting
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty import awarding, redeeming
from app.loyalty import service as loyalty
from app.loyalty.achievement_models import Achievement
from app.loyalty.errors import NotEnoughPoints, OutOfStock
from app.loyalty.reward_models import FULFILLED, REJECTED, Reward
from app.messages import notices
from app.messages import service as messages
from app.messages.models import Mail

# who, what, hours ago, what became of it, and what the coach wrote
REDEEMED = (
    ("mali", "Laurel water bottle", 500, FULFILLED, ""),
    ("client", "Laurel water bottle", 420, FULFILLED, "It is at the front desk, with your name on it."),
    ("mali", "20 minutes of video analysis", 300, FULFILLED, "Great depth! Notes are in your inbox."),
    ("client", "Signed poster", 170, REJECTED, "The last one had a torn corner. Your points are back."),
    ("jonas", "10 % off the next order", 90, FULFILLED, ""),
    ("mali", "Guest day pass", 47, None, ""),
    ("client", "10 % off the next order", 20, None, ""),
    ("amara", "Laurel water bottle", 9, None, ""),
    ("mali", "10 % off the next order", 3, None, ""),
)
# who, which programme, days ago, and whether it is done
FOLLOWED = (
    ("client", "Couch to 5K", 60, True),
    ("client", "Strength basics", 12, False),
    ("mali", "Strength basics", 40, True),
    ("mali", "Better sleep", 6, False),
    ("jonas", "Couch to 5K", 20, False),
    ("amara", "Better sleep", 9, False),
)
AWARDED = (("client", "Brave one"), ("mali", "Team spirit"), ("jonas", "Brave one"))


def load(now: datetime) -> None:
    """After they have lived for weeks. Opens its own units of work."""
    coach = accounts.find("coach")
    assert coach is not None
    for name, title, days, is_done in FOLLOWED:
        _follow(coach, _client(name), _titled(Program, title), now - timedelta(days=days), is_done=is_done)
    with unit_of_work():
        settle_waiting()
    for name, title in AWARDED:
        achievement = _titled(Achievement, title)
        with unit_of_work():
            awarding.award(coach, _client(name).id, achievement.id, actor=SYSTEM, now=now - timedelta(days=4))
    for number, (name, title, hours, outcome, notes) in enumerate(REDEEMED):
        _redeem(coach, _client(name), f"demo-{number}", title, now - timedelta(hours=hours), (outcome, notes))
    with unit_of_work():
        _have_looked(now)
        _have_posted()


def _follow(coach: User, client: User, program: Program, then: datetime, *, is_done: bool) -> None:
    with unit_of_work():
        followed = programs.assign(coach, client.id, program.id, now=then)
        if is_done:
            programs.end(coach, followed.id, COMPLETED, now=then + timedelta(days=30))


def _redeem(  # noqa: PLR0913, PLR0917
    coach: User, client: User, key: str, title: str, then: datetime, decision: tuple[str | None, str]
) -> None:
    """Whoever hasn't the points for it after all goes without."""
    outcome, notes = decision
    reward = _titled(Reward, title)
    try:
        with unit_of_work():
            redemption = redeeming.redeem(client, reward.id, key=key, now=then)
    except (NotEnoughPoints, OutOfStock):
        return
    with unit_of_work():
        later = then + timedelta(hours=7)
        if outcome == FULFILLED:
            redeeming.fulfil(redemption.id, coach, notes=notes, actor=SYSTEM, now=later)
        elif outcome == REJECTED:
            redeeming.reject(redemption.id, coach, notes=notes, actor=SYSTEM, now=later)


def _have_looked(now: datetime) -> None:
    """Everybody has seen what they earned; only what came last still waits to be seen."""
    for user_id in db.session.scalars(select(User.id).where(User.role == "client")):
        older = [each.id for each in notices.unseen(user_id, most=1000)[1:]]
        notices.mark_seen(user_id, older, now=now)
        reached = loyalty.summary_of(user_id).level
        if reached is not None:
            loyalty.mark_celebrated(user_id, reached.level_number)


def _have_posted() -> None:
    """The post took every mail when it was written: none of weeks ago is still to go out."""
    sent = {"state": "sent", "attempts": 1, "context": {}, "updated_at": Mail.created_at}
    db.session.execute(update(Mail).values(**sent))
    theirs = update(OutboxEvent).where(OutboxEvent.topic == messages.TOPIC)
    db.session.execute(theirs.values(settled_at=OutboxEvent.created_at))


def _client(name: str) -> User:
    found = accounts.find(name)
    assert found is not None
    return found


def _titled(model: type[Any], title: str) -> Any:
    return db.session.scalars(select(model).where(model.name == title)).one()
