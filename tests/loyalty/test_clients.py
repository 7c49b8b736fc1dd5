"""A coach's clients, as lists show them."""

from datetime import timedelta

import pytest

from app.accounts.models import User
from app.errors import NotFound
from app.kit.db import db
from app.loyalty import clients
from tests import make
from tests.counting import count_statements

pytestmark = pytest.mark.usefixtures("app")
WEEK = timedelta(days=7)


@pytest.fixture
def sam() -> User:
    return make.user(role="coach")


def names(coach: User, **asked: str) -> list[str]:
    return [user.name for user, _summary, _last_at in db.session.execute(clients.listed(coach.id, **asked))]


def test_clients_are_listed_by_name_by_activity_and_by_xp(sam: User) -> None:
    make.rich_client(30, coach_id=sam.id, display_name="ada")
    late = make.user(coach_id=sam.id, display_name="Zoe")
    make.checkin(late, now=make.NOW + timedelta(hours=1))
    make.user(coach_id=sam.id, display_name="", username="Mia")
    make.user(coach_id=sam.id, display_name="Gone", is_active=False)
    make.user(coach_id=make.user(role="coach").id, display_name="Somebody else's")
    assert names(sam) == ["ada", "Mia", "Zoe"]
    assert names(sam, sort="active") == ["Zoe", "ada", "Mia"]
    assert names(sam, sort="xp") == ["ada", "Mia", "Zoe"]
    assert names(sam, search=" IA") == ["Mia"]


def test_a_line_has_the_totals_and_the_latest_of_all_kinds_of_logs(sam: User) -> None:
    ada = make.rich_client(30, coach_id=sam.id)
    make.checkin(ada, now=make.NOW + timedelta(hours=2))
    new = make.user(coach_id=sam.id)
    found = {user.id: (summary, last_at) for user, summary, last_at in db.session.execute(clients.listed(sam.id))}
    summary, last_at = found[ada.id]
    assert (summary.total_xp, last_at) == (30, make.NOW + timedelta(hours=2))
    assert found[new.id][1] is None


def test_the_glance_counts_who_was_active_and_their_xp(sam: User) -> None:
    make.rich_client(30, coach_id=sam.id)
    make.user(coach_id=sam.id)
    make.rich_client(70, coach_id=make.user(role="coach").id)
    with count_statements() as sent:
        week = clients.at_a_glance(sam.id, since=make.NOW - WEEK, since_on=(make.NOW - WEEK).date())
    assert week == clients.Glance(clients=2, active=1, xp=30)
    assert len(sent) == 2, sent
    later = clients.at_a_glance(sam.id, since=make.NOW + WEEK, since_on=(make.NOW + WEEK).date())
    assert later == clients.Glance(clients=2, active=0, xp=0)


def test_who_is_quiet_is_told_the_quietest_first(sam: User) -> None:
    long_ago = make.NOW - 5 * WEEK
    for name, at in (("Ada", make.NOW), ("Bo", make.NOW - WEEK), ("Cy", make.NOW - 2 * WEEK)):
        make.workout(make.user(coach_id=sam.id, display_name=name, now=long_ago), at=at)
    make.user(coach_id=sam.id, display_name="Never", now=long_ago)
    make.user(coach_id=sam.id, display_name="New", now=make.NOW)
    before = make.NOW - timedelta(days=3)
    found = clients.quiet(sam.id, before=before, most=2)
    assert [(row.User.name, row.last_at, row.total) for row in found] == [
        ("Never", None, 3),
        ("Cy", make.NOW - 2 * WEEK, 3),
    ]


def test_streaks_are_counted_in_one_statement_each_in_the_clients_zone(sam: User) -> None:
    ada, bo = make.user(coach_id=sam.id), make.user(coach_id=sam.id, timezone="Asia/Bangkok")
    make.checkins(ada, 3)
    make.checkins(bo, 2, until=make.NOW - timedelta(days=1))
    with count_statements() as sent:
        assert clients.streaks_of([ada, bo], make.NOW) == {ada.id: 3, bo.id: 2}
    assert len(sent) == 1, sent


def test_one_is_the_coachs_own_or_not_there(sam: User) -> None:
    other = make.user(coach_id=make.user(role="coach").id)
    with pytest.raises(NotFound):
        clients.one(sam.id, other.id)
    former = make.user(coach_id=sam.id, is_active=False)
    assert clients.one(sam.id, former.id).id == former.id
