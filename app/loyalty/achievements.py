"""Keeping achievements: the coaches their own, admins everybody's. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, and_, cast, func, literal, select

from app.accounts.models import User
from app.audit.service import Actor
from app.errors import DomainError
from app.kit.db import db
from app.loyalty import awarding, keeping
from app.loyalty.achievement_models import AUTOMATIC, Achievement, UserAchievement
from app.loyalty.conditions import Condition, Measures, Progress, progress
from app.loyalty.errors import ConditionNeeded, ConditionNotAllowed
from app.loyalty.keeping import Keeper
from app.loyalty.models import XpTransaction


@dataclass(frozen=True, slots=True)
class AchievementDetails:
    """All that its keeper decides about an achievement. Automatic ones need both fields of the condition."""

    name: str
    type: str
    description: str = ""
    condition_type: str | None = None
    condition_value: int | None = None
    xp_reward: int = 0
    points_reward: int = 0
    is_active: bool = True
    icon: str = "award"
    image: str | None = None

    def faults(self) -> list[DomainError]:
        """What is wrong with its condition: ConditionNeeded or ConditionNotAllowed, each with its field."""
        is_automatic = self.type == AUTOMATIC
        refusal = ConditionNeeded if is_automatic else ConditionNotAllowed
        fields = ("condition_type", "condition_value")
        return [refusal(field=field) for field in fields if (getattr(self, field) is not None) != is_automatic]

    def check(self) -> None:
        """Raises the first of its faults."""
        for fault in self.faults():
            raise fault


_PAID = (
    XpTransaction,
    and_(
        XpTransaction.user_id == UserAchievement.user_id,
        XpTransaction.source_key == literal("achievement:") + cast(UserAchievement.achievement_id, String),
    ),
)

_GIVEN = (func.coalesce(XpTransaction.xp, 0), func.coalesce(XpTransaction.points, 0))


def listed(keeper: Keeper, *, search: str = "", status: str = "", type: str = "") -> Select[Achievement]:  # noqa: A002
    """What a keeper sees: their own, and everybody's. `status` is `active`, `inactive` or empty, so may the type be."""
    query = select(Achievement).where(keeping.shown_to(Achievement, keeper.coach_id))
    if search:
        query = query.where(keeping.mentions(Achievement, search))
    if status:
        query = query.where(Achievement.is_active == (status == "active"))
    if type:
        query = query.where(Achievement.type == type)
    own_first = Achievement.coach_id.is_(None)
    return query.order_by(own_first, Achievement.is_active.desc(), func.lower(Achievement.name), Achievement.id)


def one(achievement_id: int, keeper: Keeper) -> Achievement:
    """One that the keeper may change. Raises NotFound."""
    return keeping.one(Achievement, achievement_id, keeper)


def create(details: AchievementDetails, keeper: Keeper, *, actor: Actor, now: datetime) -> Achievement:
    """Raises ConditionNeeded, ConditionNotAllowed. An automatic one is evaluated for everybody in the background."""
    details.check()
    made = Achievement(**asdict(details), coach_id=keeper.coach_id, version=1, created_at=now, updated_at=now)
    db.session.add(made)
    db.session.flush()
    keeping.note(actor, "created", made, after=asdict(details))
    awarding.reconsider(made, now)
    return made


def change(  # noqa: PLR0913
    achievement_id: int,
    details: AchievementDetails,
    keeper: Keeper,
    *,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Achievement:
    """What was earned stays earned. Raises NotFound, Stale, ConditionNeeded, ConditionNotAllowed."""
    details.check()
    changed = keeping.hold(Achievement, achievement_id, keeper, version=version)
    if keeping.rewrite(changed, details, actor):
        changed.updated_at = now
        awarding.reconsider(changed, now)
    return changed


def set_active(achievement_id: int, keeper: Keeper, *, is_active: bool, actor: Actor, now: datetime) -> Achievement:
    """Raises NotFound."""
    held = keeping.hold(Achievement, achievement_id, keeper)
    details = keeping.state(held, AchievementDetails) | {"is_active": is_active}
    return change(achievement_id, AchievementDetails(**details), keeper, actor=actor, now=now)


def delete(achievement_id: int, keeper: Keeper, *, actor: Actor, now: datetime) -> bool:
    """Delete it, or, where somebody has earned it, deactivate it. Whether it is gone. Raises NotFound."""
    gone = keeping.hold(Achievement, achievement_id, keeper, to_delete=True)
    is_gone = keeping.remove(gone, keeping.state(gone, AchievementDetails), actor)
    if not is_gone:
        set_active(achievement_id, keeper, is_active=False, actor=actor, now=now)
    return is_gone


def earners(achievement_ids: Sequence[int]) -> dict[int, int]:
    """How many have earned each of these. One statement."""
    counted = select(UserAchievement.achievement_id, func.count()).group_by(UserAchievement.achievement_id)
    found = db.session.execute(counted.where(UserAchievement.achievement_id.in_(achievement_ids)))
    return {achievement_id: count for achievement_id, count in found}  # noqa: C416


@dataclass(frozen=True, slots=True)
class Medal:
    """An achievement as a client sees it: when it was earned, or how far they are (`progress`, of automatic ones).

    `awarded_by` is the name of who awarded it by hand, where that is told. `xp` and `points` are what it gave when it
    was earned, or what it would give.
    """

    achievement: Achievement
    earned_at: datetime | None
    progress: Progress | None
    xp: int
    points: int
    awarded_by: str = ""

    @property
    def figures(self) -> tuple[int, int, datetime | None, int | None]:
        """What tells a changed one from the same."""
        shown = self.progress.shown if self.progress else None
        return self.achievement.id, self.achievement.version, self.earned_at, shown


def latest(user_id: int, *, most: int | None = 3) -> list[Medal]:
    """What the user has earned lately, or (without `most`) ever, newest first. One statement."""
    newest = _with_awarder(user_id).order_by(UserAchievement.earned_at.desc(), UserAchievement.id.desc()).limit(most)
    rows = db.session.execute(newest)
    return [Medal(each, at, None, xp, points, awarded_by) for each, at, xp, points, awarded_by in rows]


def count_of(user_id: int) -> int:
    """How many the client has earned. One statement."""
    counted = select(func.count()).select_from(UserAchievement).where(UserAchievement.user_id == user_id)
    return db.session.scalar(counted) or 0


def showcase(user: User, now: datetime) -> list[Medal]:
    """All that the client has earned, newest first, then what they still can, the nearest first. Six statements."""
    earned = _earned_by(user.id)
    seen = keeping.shown_to(Achievement, user.coach_id) & Achievement.is_active
    found = db.session.scalars(select(Achievement).where(seen | Achievement.id.in_(earned))).all()
    measures = awarding.measures_of(user, now)
    return sorted((earned.get(each.id) or _ahead(each, measures) for each in found), key=_order)


def _ahead(achievement: Achievement, measures: Measures) -> Medal:
    condition, value = achievement.condition_type, achievement.condition_value
    way = progress(Condition(condition), value, measures) if condition and value else None
    return Medal(achievement, None, way, achievement.xp_reward, achievement.points_reward)


def by_status(medals: Sequence[Medal]) -> Mapping[bool, list[Medal]]:
    """The earned ones, and the others."""
    return {
        is_earned: [each for each in medals if (each.earned_at is not None) == is_earned] for is_earned in (True, False)
    }


def _earned_by(user_id: int) -> dict[int, Medal]:
    """The same, by the achievement's id."""
    rows = db.session.execute(_with_awarder(user_id))
    return {each.id: Medal(each, at, None, xp, points, awarded_by) for each, at, xp, points, awarded_by in rows}


def _with_awarder(user_id: int) -> Select[Achievement, datetime, int, int, Any]:
    """What was earned, with what it gave then, and who awarded it by hand."""
    coach = func.coalesce(func.nullif(User.display_name, ""), User.username, "")
    columns = (Achievement, UserAchievement.earned_at, *_GIVEN, coach)
    mine = select(*columns).join(UserAchievement, UserAchievement.achievement_id == Achievement.id).outerjoin(*_PAID)
    return mine.outerjoin(User, User.id == UserAchievement.awarded_by_id).where(UserAchievement.user_id == user_id)


def _order(medal: Medal) -> tuple[bool, float, float, str]:
    if medal.earned_at is not None:
        return False, -medal.earned_at.timestamp(), 0, medal.achievement.name
    if medal.progress is None:
        return True, 1, 0, medal.achievement.name
    return True, -medal.progress.shown / medal.progress.value, medal.progress.value, medal.achievement.name
