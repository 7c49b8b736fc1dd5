"""Working off XP events in batches: what the worker does. A fixed number of statements, whatever the size of a batch.

The stages: what follows from check-ins (`streaks`) → read what is known under the lock → judge (`rules`) → ledger
rows → totals and level → achievements (`awarding`).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, FromClause, Integer, String, and_, null, select, union_all

from app.kit.db import among, db, given, insert_new
from app.kit.outbox import OutboxEvent
from app.loyalty import awarding, ledger, rules, streaks
from app.loyalty.ledger import Paid, enter
from app.loyalty.models import EventType, XpRefusal, XpTransaction
from app.loyalty.rules import Happening, Key, Known, Moment, Terms, Verdicts

BATCH = 500


def settle(batch: Sequence[OutboxEvent], now: datetime) -> None:
    """Give each event what it earns, once, however often it is delivered. The caller owns the transaction.

    Locks the summaries of the users concerned, in the order of their ids, until it ends: no two can pass the same
    cooldown or limit.
    """
    happenings, streak_days = streaks.follow([Happening.read(event.payload) for event in batch])
    known = _learn(happenings)
    verdicts = rules.judge(happenings, known)
    paid = _pay(verdicts, now)
    paid += _take_back(verdicts, now)
    _note_refusals(verdicts, now)
    ledger.add_up(paid)
    awarding.evaluate({each.user_id for each in happenings if not each.takes_back}, now, streak_days=streak_days)


def _learn(happenings: Sequence[Happening]) -> Known:
    balances = ledger.lock_balances({each.user_id for each in happenings})
    known_terms = terms()
    return Known(known_terms, balances, _decided(happenings), earned(happenings, known_terms))


def terms() -> dict[str, Terms]:
    """What each type of event gives, by its key. One statement."""
    columns = select(
        EventType.id,
        EventType.key,
        EventType.xp_amount,
        EventType.points_amount,
        EventType.is_active,
        EventType.cooldown_hours,
        EventType.daily_limit,
    )
    return {each.key: each for each in (Terms(*row) for row in db.session.execute(columns))}


def _decided(happenings: Sequence[Happening]) -> dict[Key, int | None]:
    """What was decided before on the things of these events."""
    keys = {each.key for each in happenings} | {each.undo_key for each in happenings if each.takes_back}
    things = _things(keys)
    paid = select(XpTransaction.user_id, XpTransaction.source_key, XpTransaction.points)
    refused = select(XpRefusal.user_id, XpRefusal.source_key, null())
    known: CompoundSelect[Any] = union_all(
        paid.join(things, _is_of(XpTransaction, things)), refused.join(things, _is_of(XpRefusal, things))
    )
    return {(user_id, source): points for user_id, source, points in db.session.execute(known)}


def _things(keys: Iterable[Key]) -> FromClause:
    rows = [{"user_id": user_id, "source_key": source} for user_id, source in keys]
    return given("thing", rows, user_id=Integer, source_key=String)


def _is_of(model: type[XpTransaction | XpRefusal], things: FromClause) -> ColumnElement[bool]:
    return and_(model.user_id == things.c.user_id, model.source_key == things.c.source_key)


def earned(happenings: Sequence[Happening], of: dict[str, Terms]) -> dict[tuple[int, int], list[Moment]]:
    """When the users earned for types with a cooldown or limit, as far around these events as that can matter."""
    limited = {each.event_key: of[each.event_key] for each in happenings if each.event_key in of}
    limited = {key: each for key, each in limited.items() if each.is_limited}
    concerned = [each for each in happenings if each.event_key in limited]
    moments: dict[tuple[int, int], list[Moment]] = defaultdict(list)
    if not concerned:
        return moments
    reach = timedelta(hours=max(each.cooldown_hours or 0 for each in limited.values())) + timedelta(days=1)
    dates = [each.moment.on for each in concerned]
    found = select(
        XpTransaction.user_id, XpTransaction.event_type_id, XpTransaction.occurred_at, XpTransaction.occurred_on
    ).where(
        among(XpTransaction.user_id, {each.user_id for each in concerned}),
        XpTransaction.event_type_id.in_([each.id for each in limited.values()]),
        XpTransaction.occurred_on.between(min(dates) - reach, max(dates) + reach),
    )
    for user_id, type_id, at, on in db.session.execute(found):
        assert type_id is not None
        moments[user_id, type_id].append(Moment(at, on))
    return moments


def _pay(verdicts: Verdicts, now: datetime) -> list[Paid]:
    return enter(
        _row(happening, happening.source, now, kind="event", event_type_id=terms.id, xp=terms.xp, points=terms.points)
        for happening, terms in verdicts.awards
    )


def _take_back(verdicts: Verdicts, now: datetime) -> list[Paid]:
    """Write the reversing rows, which name the rows that they reverse."""
    if not verdicts.reversals:
        return []
    things = _things(happening.key for happening, _ in verdicts.reversals)
    reversed_rows = select(XpTransaction.user_id, XpTransaction.source_key, XpTransaction.id)
    found = db.session.execute(reversed_rows.join(things, _is_of(XpTransaction, things)))
    ids = {(user_id, source): entry_id for user_id, source, entry_id in found}
    return enter(
        _row(happening, happening.undo_key[1], now, kind="reversal", reverses_id=ids[happening.key], points=-points)
        for happening, points in verdicts.reversals
    )


def _row(happening: Happening, source_key: str, now: datetime, **values: Any) -> dict[str, Any]:
    facts = {"details": happening.details, "created_at": now}
    return ledger.row(happening.user_id, source_key, happening.moment, **facts, **values)


def _note_refusals(verdicts: Verdicts, now: datetime) -> None:
    rows = [
        {
            "user_id": happening.user_id,
            "source_key": happening.source,
            "event_key": happening.event_key,
            "reason": reason,
            "created_at": now,
        }
        for happening, reason in verdicts.refusals
    ]
    insert_new(XpRefusal, rows, ("user_id", "source_key"), XpRefusal.id)
