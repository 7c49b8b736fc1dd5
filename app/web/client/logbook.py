"""What a client logged, line by line, with what came of it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import session

from app.activity import timeline
from app.activity.timeline import Entry
from app.kit.lists import Page
from app.loyalty import service as loyalty
from app.loyalty.service import Outcome

SOON = timedelta(minutes=10)
A_WHILE = timedelta(seconds=20)
WATCHING = "watching_until"


@dataclass(frozen=True, slots=True)
class Line:
    """A log, and what it earned: None while no worker has come to it."""

    entry: Entry
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Logbook:
    """A page of lines. While `is_waiting`, something that was logged or deleted lately is about to have its effect."""

    page: Page[Line]
    is_waiting: bool

    def has(self, kind: str, day: date) -> bool:
        """Whether something of the kind is on this page for that day."""
        return any((line.entry.kind, line.entry.on) == (kind, day) for line in self.page.items)

    @property
    def has_undecided(self) -> bool:
        """Whether something of the client may still wait for a worker, as far as this page knows."""
        return self.is_waiting or any(line.outcome is None for line in self.page.items)


def read(user_id: int, *, number: int = 1, size: int = 10, now: datetime) -> Logbook:
    """A page of it. Two statements. To be read before the totals: what is shown as awarded is then in them."""
    return _with_outcomes(user_id, timeline.recent(user_id, number=number, size=size), now)


def latest(user_id: int, most: int, *, now: datetime) -> Logbook:
    """Its newest lines alone, the same way."""
    found = timeline.newest(user_id, most)
    return _with_outcomes(user_id, Page(found, len(found), size=most), now)


def _with_outcomes(user_id: int, found: Page[Entry], now: datetime) -> Logbook:
    outcomes = loyalty.outcomes(user_id, [entry.source for entry in found.items])
    lines = [Line(entry, outcomes.get(entry.source)) for entry in found.items]
    is_due = any(line.outcome is None and line.entry.created_at > now - SOON for line in lines)
    return Logbook(Page(lines, found.total, found.number, found.size), is_due or is_watching(now))


def is_watching(now: datetime) -> bool:
    """Whether something was changed here a moment ago whose effect may still be to come."""
    return now.timestamp() < float(session.get(WATCHING, 0))


def watch(now: datetime) -> None:
    """Something was logged or deleted here: for a while, this visitor's pages look for its effect."""
    session[WATCHING] = int((now + A_WHILE).timestamp())
