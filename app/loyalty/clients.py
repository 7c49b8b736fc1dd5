"""A coach's clients, for reading: who they are, how far they are, and who could do with a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select

from app.accounts.models import User
from app.activity import timeline
from app.activity.rules import date_in
from app.errors import not_shown
from app.kit.db import db
from app.kit.text import like
from app.loyalty import streaks
from app.loyalty.models import XpSummary, XpTransaction

SORTS = NAME, ACTIVITY, XP = ("name", "active", "xp")
Line = tuple[User, XpSummary, datetime]


def listed(coach_id: int, *, search: str = "", sort: str = NAME) -> Select[*Line]:
    """Rows of `User`, `XpSummary` (nothing for who never had any) and `last_at`, the moment of their latest log.

    By name; by latest activity (`active`); or by XP, the most first.
    """
    last_at = timeline.latest_of_each().label("last_at")
    query = select(User, XpSummary, last_at).outerjoin(XpSummary, XpSummary.user_id == User.id).where(_own(coach_id))
    if search.strip():
        pattern = like(search.strip())
        query = query.where(or_(*(each.ilike(pattern, escape="\\") for each in (User.display_name, User.username))))
    by_name = (func.lower(_shown_name()), User.id)
    if sort == ACTIVITY:
        return query.order_by(last_at.is_(None), last_at.desc(), *by_name)
    if sort == XP:
        return query.order_by(func.coalesce(XpSummary.total_xp, 0).desc(), *by_name)
    return query.order_by(*by_name)


def one(coach_id: int, client_id: int) -> User:
    """One of the coach's, also when they may not sign in any more. Raises NotFound for anybody else's."""
    client = db.session.scalar(
        select(User).where(User.id == client_id, User.coach_id == coach_id, User.role == "client"),
        execution_options={"populate_existing": True},
    )
    if client is None:
        raise not_shown(select(User.id).where(User.id == client_id, User.role == "client"))
    return client


@dataclass(frozen=True, slots=True)
class Glance:
    """How many clients there are, how many logged something in a period, and the XP that they earned in it."""

    clients: int
    active: int
    xp: int


def at_a_glance(coach_id: int, *, since: datetime, since_on: date) -> Glance:
    """`since_on` is the first of the clients' dates. Two statements."""
    last_of_each = select(timeline.latest_of_each().label("last_at")).where(_own(coach_id)).subquery()
    lately = case((last_of_each.c.last_at >= since, 1))
    clients, active = db.session.execute(select(func.count(), func.count(lately)).select_from(last_of_each)).one()
    own = select(User.id).where(_own(coach_id))
    xp = select(func.coalesce(func.sum(XpTransaction.xp), 0)).where(
        XpTransaction.user_id.in_(own), XpTransaction.occurred_on >= since_on
    )
    return Glance(clients, active, int(db.session.scalar(xp) or 0))


def quiet(coach_id: int, *, before: datetime, most: int) -> Sequence[Row[User, datetime, int]]:
    """Those who logged nothing since `before` and were here by then, the quietest first. One statement.

    Rows of `User`, `last_at` (nothing where they never logged anything) and `total`, of how many these are the first.
    """
    last_at = timeline.latest_of_each()
    quiet_since = func.coalesce(last_at, User.created_at)
    query = select(User, last_at.label("last_at"), func.count().over().label("total"))
    query = query.where(_own(coach_id), quiet_since < before)
    return db.session.execute(query.order_by(quiet_since, User.id).limit(most)).all()


def streaks_of(clients: Sequence[User], now: datetime) -> dict[int, int]:
    """Each one's days in a row with a check-in. One statement."""
    runs = timeline.runs([client.id for client in clients])
    return {
        client.id: streaks.length(runs.get(client.id, ()), today=date_in(client.timezone, now)) for client in clients
    }


def _own(coach_id: int) -> ColumnElement[bool]:
    """The one way to a coach's clients: those who may sign in."""
    return (User.coach_id == coach_id) & (User.role == "client") & User.is_active


def _shown_name() -> ColumnElement[str]:
    return func.coalesce(func.nullif(User.display_name, ""), User.username)
