"""Achievements: earned by themselves, cascading, evaluated for everybody, and awarded by hand."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts import desk
from app.accounts.desk import Account
from app.accounts.models import User
from app.activity import programs
from app.activity import service as activity
from app.audit.service import SYSTEM, Actor
from app.errors import NotFound
from app.kit.db import db, unit_of_work
from app.loyalty import achievements, awarding, books, keeping
from app.loyalty.achievement_models import Achievement, UserAchievement
from app.loyalty.achievements import AchievementDetails
from app.loyalty.errors import AlreadyEarned, NotAwardable
from app.loyalty.keeping import ADMINS
from app.loyalty.models import XpSummary, XpTransaction
from app.messages import notices
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")


def held(client: User) -> set[int]:
    pairs = select(UserAchievement.achievement_id).where(UserAchievement.user_id == client.id)
    return set(db.session.scalars(pairs))


def xp(client: User) -> int:
    return db.session.get_one(XpSummary, client.id, populate_existing=True).total_xp


def award(coach: User, client: User, achievement: Achievement) -> None:
    with unit_of_work():
        awarding.award(coach, client.id, achievement.id, actor=SYSTEM, now=NOW)


def test_an_achievement_is_earned_once_with_its_xp_points_and_a_notice() -> None:
    client, first = make.user(), make.achievement("workout_count", 1, xp_reward=30, points_reward=5)
    for hours in (0, 1):
        make.workout(client, at=NOW - timedelta(hours=hours), now=NOW)
        make.settled()
    assert (held(client), xp(client)) == ({first.id}, 20 + 20 + 30)
    [row] = db.session.scalars(select(XpTransaction).where(XpTransaction.kind == "achievement"))
    assert (row.xp, row.points, row.source_key) == (30, 5, f"achievement:{first.id}")
    assert [notice.context["name"] for notice in notices.unseen(client.id)] == [first.name]
    assert books.faults() == []


def test_the_xp_of_one_can_earn_the_next_and_raise_the_level() -> None:
    make.levels(100)
    client = make.user()
    chain = [
        make.achievement("workout_count", 1, xp_reward=30),
        make.achievement("xp_total", 50, xp_reward=30),
        make.achievement("xp_total", 80, xp_reward=30),
        make.achievement("xp_total", 1000),
    ]
    make.workout(client)
    make.settled()
    assert held(client) == {each.id for each in chain[:3]}
    summary = db.session.get_one(XpSummary, client.id, populate_existing=True)
    assert (summary.total_xp, summary.level is not None) == (110, True)


def test_only_everybodys_and_the_coachs_own_count() -> None:
    coach, other = make.user(role="coach"), make.user(role="coach")
    mine, _theirs = (make.achievement("checkin_count", 1, coach=each) for each in (coach, other))
    client = make.user(coach_id=coach.id)
    make.checkin(client)
    make.settled()
    assert held(client) == {mine.id}


def test_seven_days_in_a_row_earn_the_streak_and_its_achievement_however_late_they_are_worked_off() -> None:
    client, seven = make.user(), make.achievement("streak_days", 7)
    make.checkins(client, 15)
    make.settled()
    sources = select(XpTransaction.source_key).where(XpTransaction.source_key.like("streak%"))
    days = [(NOW - timedelta(days=back)).date().isoformat() for back in (8, 1)]
    assert sorted(db.session.scalars(sources)) == [f"streak_7_day:{day}" for day in days]
    assert (held(client), xp(client)) == ({seven.id}, 15 * 10 + 2 * 50)


def test_a_new_achievement_is_evaluated_for_everybody_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awarding, "AT_ONCE", 2)
    clients = [make.user() for _ in range(5)]
    for client in clients[:4]:
        make.workout(client)
    make.settled()
    new = make.achievement("workout_count", 1, xp_reward=5)
    assert [held(client) for client in clients] == [set()] * 5
    make.evaluated()
    assert [held(client) for client in clients] == [{new.id}] * 4 + [set()]


def test_a_coach_awards_by_hand_once_and_only_their_own_clients() -> None:
    coach, other = make.user(role="coach"), make.user(role="coach")
    client, stranger = make.user(coach_id=coach.id), make.user(coach_id=other.id)
    own, everybodys = make.achievement(coach=coach, xp_reward=40), make.achievement()
    award(coach, client, own)
    award(coach, client, everybodys)
    assert (held(client), xp(client)) == ({own.id, everybodys.id}, 40)
    with pytest.raises(AlreadyEarned):
        award(coach, client, own)
    for achievement in (make.achievement("xp_total", 1), make.achievement(is_active=False)):
        with pytest.raises(NotAwardable):
            award(coach, client, achievement)
    for by, to, what in ((coach, stranger, own), (other, client, own), (coach, client, make.achievement(coach=other))):
        with pytest.raises(NotFound):
            award(by, to, what)
    assert xp(client) == 40


def test_what_an_achievement_gave_is_told_whatever_it_gives_later() -> None:
    client, made = make.user(), make.achievement("workout_count", 1, xp_reward=30, points_reward=5)
    make.workout(client)
    make.settled()
    with unit_of_work():
        richer = AchievementDetails(
            **keeping.state(made, AchievementDetails) | {"xp_reward": 500, "points_reward": 700}
        )
        achievements.change(made.id, richer, ADMINS, actor=SYSTEM, now=NOW)
    for medals in (achievements.showcase(client, NOW), achievements.latest(client.id)):
        assert [(medal.xp, medal.points) for medal in medals] == [(30, 5)]


def test_with_another_coach_other_achievements_are_theirs_to_earn() -> None:
    coach, client, admin = make.user(role="coach"), make.user(), make.user(role="admin")
    theirs = make.achievement("workout_count", 1, coach=coach)
    make.workout(client)
    make.settled()
    make.evaluated()
    assert held(client) == set()
    account = Account(client.email, "", "client", coach.id, client.timezone, client.locale)
    with unit_of_work():
        desk.edit(client.id, account, version=client.version, actor=Actor(admin.id, admin.username), now=NOW)
    make.evaluated()
    assert held(client) == {theirs.id}


def test_nobody_awards_a_client_who_is_shut_out() -> None:
    coach = make.user(role="coach")
    client = make.user(coach_id=coach.id, is_active=False)
    with pytest.raises(NotFound):
        award(coach, client, make.achievement())
    with pytest.raises(NotFound):
        make.followed(client, coach)


def test_whoever_is_shut_out_earns_nothing_in_the_background_until_they_are_let_in_again() -> None:
    shut_out, gone, here = (make.user() for _each in range(3))
    for client in (shut_out, gone, here):
        make.workout(client)
    make.settled()
    make.workout(shut_out, at=NOW - timedelta(hours=1), now=NOW)
    with unit_of_work():
        desk.set_active(shut_out.id, is_active=False, actor=SYSTEM, now=NOW)
        desk.anonymise(gone.id, actor=SYSTEM, now=NOW)
    honour = make.achievement("workout_count", 1, xp_reward=9)
    make.settled()
    make.evaluated()
    assert [held(client) for client in (shut_out, gone, here)] == [set(), set(), {honour.id}]
    assert (xp(shut_out), xp(gone), xp(here)) == (40, 20, 29)
    assert [notices.unseen(client.id) for client in (shut_out, gone)] == [[], []]
    with unit_of_work():
        desk.set_active(shut_out.id, is_active=True, actor=SYSTEM, now=NOW)
    make.evaluated()
    assert (held(shut_out), xp(shut_out)) == ({honour.id}, 49)


def test_what_a_client_follows_who_is_shut_out_can_be_cancelled_but_not_completed() -> None:
    coach = make.user(role="coach")
    client = make.user(coach_id=coach.id)
    followed = make.followed(client, coach)
    with unit_of_work():
        desk.set_active(client.id, is_active=False, actor=SYSTEM, now=NOW)
    with pytest.raises(NotFound), unit_of_work():
        programs.end(coach, followed.id, "completed", now=NOW)
    make.settled()
    assert (xp(client), notices.unseen(client.id)) == (0, [])
    with unit_of_work():
        assert programs.end(coach, followed.id, "cancelled", now=NOW).status == "cancelled"


def test_a_log_entered_again_earns_nothing_but_counts_at_once() -> None:
    client, two = make.user(), make.achievement("workout_count", 2, xp_reward=5)
    make.evaluated()
    first = make.workout(client, at=NOW - timedelta(hours=3), now=NOW)
    make.settled()
    with unit_of_work():
        activity.remove(client, "workout", first.id, now=NOW)
    make.workout(client, at=NOW - timedelta(hours=2), now=NOW)
    make.settled()
    assert held(client) == set()
    make.workout(client, at=first.performed_at, now=NOW)
    assert (make.settled(), make.evaluated()) == (0, 1)
    assert (held(client), xp(client)) == ({two.id}, 20 + 20 + 5)


def test_a_programme_earns_once_for_each_client_and_its_row_says_who_completed_it() -> None:
    coach = make.user(role="coach")
    client, program = make.user(coach_id=coach.id), make.program(coach)
    for _each in range(2):
        followed = make.followed(client, coach, program)
        with unit_of_work():
            programs.end(coach, followed.id, "completed", now=NOW)
        make.settled()
    [row] = db.session.scalars(select(XpTransaction))
    assert (row.xp, row.source_key, row.details["completed_by"]) == (100, f"program:{program.id}", coach.id)


def test_whoever_is_new_stands_on_the_level_that_takes_nothing_and_isnt_congratulated() -> None:
    make.levels(0, 50)
    summary = db.session.get_one(XpSummary, make.user().id)
    assert summary.level is not None
    assert (summary.level.level_number, summary.celebrated_xp) == (1, 0)
