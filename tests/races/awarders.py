"""Who races for achievements, levels, programmes and logs, and their guards taken off."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from app.accounts import service as accounts
from app.accounts.models import User
from app.activity import external, programs
from app.activity import service as activity
from app.activity.errors import ProgramEnded
from app.activity.program_models import ACTIVE, COMPLETED, ClientProgram
from app.audit.service import SYSTEM
from app.kit.db import Base, db, insert, unit_of_work
from app.kit.db import insert_new as real_insert_new
from app.kit.outbox import OutboxEvent
from app.loyalty import awarding, ladder
from app.loyalty.achievement_models import Achievement, UserAchievement
from app.loyalty.ladder import LevelDetails
from app.loyalty.models import Level
from tests.make_kit import NOW
from tests.races.redeemers import Contestant, doing


def evaluator(events: list[OutboxEvent]) -> Contestant:
    """A worker that has these events in hand, whoever else has."""
    return doing(lambda: awarding.evaluate_everybody(events, NOW), "evaluated")


def awarder(coach: User, client: User, achievement: Achievement) -> Contestant:
    client_id, achievement_id = client.id, achievement.id
    return doing(lambda: awarding.award(coach, client_id, achievement_id, actor=SYSTEM, now=NOW), "awarded")


def mover(client: User, coach: User) -> Contestant:
    """An admin moves a client to another coach; how many achievements they had when their row was ours."""
    client_id, coach_id = client.id, coach.id

    def work() -> str:
        with unit_of_work():
            return f"moved with {move(client_id, coach_id)}"

    return work


def move(client_id: int, coach_id: int) -> int:
    accounts.lock(client_id).coach_id = coach_id
    db.session.flush()
    held = select(func.count()).select_from(UserAchievement).where(UserAchievement.user_id == client_id)
    return db.session.scalar(held) or 0


def ender(coach: User, followed: ClientProgram, status: str) -> Contestant:
    client_program_id = followed.id
    return doing(lambda: programs.end(coach, client_program_id, status, now=NOW), status)


def logger_of(client: User, external_id: str, at: datetime) -> Contestant:
    """A device sends its own id; the number of the log that it came to."""

    def send() -> int:
        with unit_of_work():
            log_id, _is_new = external.once(
                client,
                "workout",
                external_id,
                lambda: activity.log_workout(client, performed_at=at, now=NOW),
                now=NOW,
            )
            return log_id

    return send


def leveller(number: int, xp: int) -> Contestant:
    details = LevelDetails(f"Level {number}", number, xp)
    return doing(lambda: ladder.create(details, actor=SYSTEM, now=NOW), "made")


def unleveller(level_id: int) -> Contestant:
    return doing(lambda: ladder.delete(level_id, actor=SYSTEM, now=NOW), "deleted")


def held() -> list[tuple[int, int]]:
    """Every achievement that somebody has, as (user, achievement)."""
    db.session.rollback()
    rows = select(UserAchievement.user_id, UserAchievement.achievement_id).order_by(UserAchievement.id)
    return [(row[0], row[1]) for row in db.session.execute(rows)]


def insert_unkeyed(
    model: type[Base], rows: Sequence[Mapping[str, Any]], unique: Sequence[str], *returning: Any
) -> Sequence[Any]:
    """`insert_new` while the unique key of achievements isn't there: a conflict with that key can't be named."""
    if model is not UserAchievement:
        return real_insert_new(model, rows, unique, *returning)
    return db.session.execute(insert(model).returning(*returning), list(rows)).all()


def read_users(*user_ids: int) -> dict[int, User]:
    """`accounts.hold` for those who trust that nobody moves meanwhile."""
    found = select(User).where(User.id.in_(user_ids)).execution_options(populate_existing=True)
    return {user.id: user for user in db.session.scalars(found)}


def read_achievements(achievement_ids: Collection[int]) -> dict[int, Achievement]:
    """`awarding._stay` for those who trust that achievements stay."""
    found = select(Achievement).where(Achievement.id.in_(achievement_ids))
    return {each.id: each for each in db.session.scalars(found)}


def end_unseen(coach: User, client_program_id: int, status: str, *, now: datetime) -> ClientProgram:
    """`programs.end` for those who trust that what they see active stays so."""
    found = db.session.get_one(ClientProgram, client_program_id, populate_existing=True)
    if found.status != ACTIVE:
        raise ProgramEnded(found.status)
    ended = update(ClientProgram).where(ClientProgram.id == client_program_id).values(status=status, ended_at=now)
    db.session.execute(ended, execution_options={"synchronize_session": False})
    if status == COMPLETED:
        programs._announce(db.session.get_one(User, found.client_id), found, coach, now)  # noqa: SLF001
    return found


def level_at_unlocked(total_xp: Any) -> Any:
    """`ledger.level_at` for those who trust that levels stay."""
    return select(Level.id).where(Level.xp_required <= total_xp).order_by(Level.xp_required.desc()).limit(1)
