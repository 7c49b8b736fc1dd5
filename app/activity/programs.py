"""Programmes: coaches make them, have clients follow them, and say when they are done. Callers own the transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy import delete as delete_from
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from app.accounts import service as accounts
from app.accounts.models import User
from app.activity import rules
from app.activity.errors import AlreadyFollowed, ProgramEnded, ProgramInactive, ProgramStale
from app.activity.program_models import ACTIVE, COMPLETED, ClientProgram, Program
from app.activity.service import announce
from app.errors import not_shown
from app.kit.db import db, insert
from app.kit.text import like
from app.messages import notices

EVENT_KEY = "program_completed"
FRESH = {"populate_existing": True}


@dataclass(frozen=True, slots=True)
class ProgramDetails:
    """All that a coach decides about a programme."""

    name: str
    description: str = ""
    is_active: bool = True


def of_coach(coach: User, *, search: str = "", status: str = "") -> Select[Program]:
    """The coach's own, by name. `status` is `active`, `inactive` or empty."""
    query = select(Program).where(Program.coach_id == coach.id)
    if search.strip():
        pattern = like(search.strip())
        query = query.where(or_(*(each.ilike(pattern, escape="\\") for each in (Program.name, Program.description))))
    if status:
        query = query.where(Program.is_active == (status == "active"))
    return query.order_by(Program.is_active.desc(), func.lower(Program.name), Program.id)


def one(coach: User, program_id: int) -> Program:
    """Raises NotFound for another coach's."""
    return _own(coach, program_id, select(Program))


@dataclass(frozen=True, slots=True)
class Followers:
    """How many clients follow a programme now, and how many do or have done."""

    now: int = 0
    ever: int = 0


def followers(program_ids: Sequence[int]) -> dict[int, Followers]:
    """Of each of these programmes. One statement."""
    clients = func.count(ClientProgram.client_id.distinct())
    counted = select(ClientProgram.program_id, clients.filter(ClientProgram.status == ACTIVE), clients)
    theirs = counted.where(ClientProgram.program_id.in_(program_ids)).group_by(ClientProgram.program_id)
    found = {program_id: Followers(now, ever) for program_id, now, ever in db.session.execute(theirs)}
    return {each: found.get(each, Followers()) for each in program_ids}


def followed_by(client_id: int, *, status: str = "") -> Sequence[ClientProgram]:
    """What the client follows and has followed, the newest first. One statement."""
    query = select(ClientProgram).options(joinedload(ClientProgram.program)).where(ClientProgram.client_id == client_id)
    if status:
        query = query.where(ClientProgram.status == status)
    return db.session.scalars(query.order_by(ClientProgram.id.desc())).all()


def done_by(followed: Iterable[ClientProgram]) -> set[int]:
    """The programmes that are completed among these: completed once more, they earn nothing."""
    return {each.program_id for each in followed if each.status == COMPLETED}


def followed_one(coach: User, client_program_id: int) -> ClientProgram:
    """What one of the coach's clients follows or has followed. Raises NotFound."""
    found = select(ClientProgram).where(ClientProgram.id == client_program_id)
    followed = db.session.scalar(found.where(_is_of(coach)))
    if followed is None:
        raise not_shown(found)
    return followed


def create(coach: User, details: ProgramDetails, *, now: datetime) -> Program:
    """A new programme of this coach."""
    made = Program(**asdict(details), coach_id=coach.id, version=1, created_at=now, updated_at=now)
    db.session.add(made)
    db.session.flush()
    return made


def change(
    coach: User, program_id: int, details: ProgramDetails, *, version: int | None = None, now: datetime
) -> Program:
    """Raises NotFound, ProgramStale."""
    changed = _own(coach, program_id, select(Program).with_for_update())
    if version is not None and version != changed.version:
        raise ProgramStale(changed.version)
    for name, value in asdict(details).items():
        setattr(changed, name, value)
    changed.version += 1
    changed.updated_at = now
    return changed


def set_active(coach: User, program_id: int, *, is_active: bool, now: datetime) -> Program:
    """Offer it to new followers, or to nobody new. Raises NotFound."""
    switched = _own(coach, program_id, select(Program).with_for_update())
    if switched.is_active != is_active:
        switched.is_active, switched.updated_at = is_active, now
        switched.version += 1
    return switched


def offered(coach: User, client_id: int) -> Sequence[Program]:
    """The coach's active ones that the client doesn't follow now. One statement."""
    followed = select(ClientProgram.program_id).where(
        ClientProgram.client_id == client_id, ClientProgram.status == ACTIVE
    )
    return db.session.scalars(of_coach(coach, status="active").where(Program.id.not_in(followed))).all()


def delete(coach: User, program_id: int, *, now: datetime) -> bool:
    """Delete it, or, where somebody follows or has followed it, deactivate it. Whether it is gone. Raises NotFound."""
    gone = _own(coach, program_id, select(Program).with_for_update())
    try:
        with db.session.begin_nested():
            db.session.execute(delete_from(Program).where(Program.id == gone.id))
    except IntegrityError:
        gone.is_active, gone.updated_at = False, now
        gone.version += 1
        return False
    db.session.expunge(gone)
    return True


def assign(coach: User, client_id: int, program_id: int, *, now: datetime) -> ClientProgram:
    """Have one of the coach's clients follow a programme. Raises NotFound, ProgramInactive, AlreadyFollowed."""
    client = accounts.hold_client(coach, client_id)
    program = _own(coach, program_id, select(Program).with_for_update(read=True))
    if not program.is_active:
        raise ProgramInactive(field="program_id")
    values = {"program_id": program.id, "client_id": client.id, "status": ACTIVE, "assigned_at": now}
    written = insert(ClientProgram).values(values).on_conflict_do_nothing()
    assigned: ClientProgram | None = db.session.scalar(written.returning(ClientProgram))
    if assigned is None:
        raise AlreadyFollowed(field="program_id")
    return assigned


def end(coach: User, client_program_id: int, status: str, *, now: datetime) -> ClientProgram:
    """Complete (which earns) or cancel what a client of the coach follows, once. They are told.

    Raises NotFound (also for completing what somebody follows who was shut out), ProgramEnded.
    """
    of_theirs = _is_of(coach, can_earn=status == COMPLETED)
    ended: ClientProgram | None = db.session.scalar(
        update(ClientProgram)
        .where(ClientProgram.id == client_program_id, ClientProgram.status == ACTIVE, of_theirs)
        .values(status=status, ended_at=now)
        .returning(ClientProgram)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if ended is None:
        found = select(ClientProgram.status).where(ClientProgram.id == client_program_id)
        theirs = db.session.scalar(found.where(of_theirs))
        raise not_shown(found) if theirs is None else ProgramEnded(theirs)
    _tell(ended, now)
    if status == COMPLETED:
        _announce(db.session.get_one(User, ended.client_id), ended, coach, now)
    return ended


def _tell(ended: ClientProgram, now: datetime) -> None:
    name = db.session.scalar(select(Program.name).where(Program.id == ended.program_id))
    key = f"program:{ended.id}:{ended.status}"
    notices.tell(notices.Told(ended.client_id, f"program_{ended.status}", key, {"name": name}), now)


def _announce(client: User, completed: ClientProgram, coach: User, now: datetime) -> None:
    source = rules.program_source(completed.program_id)
    about = {"client_program_id": completed.id, "completed_by": coach.id}
    facts = {"event_key": EVENT_KEY, "source": source, "metadata": about}
    announce(client, source, facts, at=now, on=rules.date_in(client.timezone, now), now=now)


def _own(coach: User, program_id: int, query: Select[Program]) -> Program:
    program = db.session.scalar(
        query.where(Program.id == program_id, Program.coach_id == coach.id), execution_options=FRESH
    )
    if program is None:
        raise not_shown(select(Program.id).where(Program.id == program_id))
    return program


def _is_of(coach: User, *, can_earn: bool = False) -> ColumnElement[bool]:
    """It is one of this coach's clients who follows it; one who may sign in, if they are to earn (`can_earn`)."""
    clients = select(User.id).where(User.coach_id == coach.id)
    if can_earn:
        clients = clients.where(User.role == "client", User.is_active)
    return ClientProgram.client_id.in_(clients)
