"""Clients, coaches and admins, in any order: a model written by hand knows every balance, piece and medal."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, func, select, update

from app.accounts.models import User
from app.activity import service as activity
from app.activity.models import WorkoutLog
from app.audit.service import SYSTEM
from app.errors import DomainError
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.loyalty import awarding, books, ladder, redeeming, rewards
from app.loyalty.achievement_models import Achievement, UserAchievement
from app.loyalty.keeping import ADMINS
from app.loyalty.ladder import LevelDetails
from app.loyalty.models import Level, XpSummary, XpTransaction
from app.loyalty.reward_models import Reward, RewardRedemption
from app.loyalty.rewards import RewardDetails
from tests import make
from tests.make_kit import NOW

_numbers = count(1)
EARNS = 20
STOCKS = st.none() | st.integers(0, 3)


@dataclass
class Done:
    """A workout, as the worker will find it."""

    owner: int
    source: str
    log_id: int | None
    is_told: bool = False
    is_paid: bool = False


@dataclass
class Asked:
    """A redemption, as it should be."""

    owner: int
    reward: int
    cost: int
    has_piece: bool
    since: int = 0
    status: str = "pending"


@dataclass
class Medal:
    """An achievement, as it should be; by hand without a condition."""

    id: int
    coach: int | None
    condition: str | None
    value: int
    xp: int
    points: int


@dataclass
class Person:
    """A client, as they should be."""

    user: User
    coach: int
    xp: int = 0
    points: int = 0
    told: list[tuple[str, Done]] = field(default_factory=list)
    shorts: list[tuple[int, int]] = field(default_factory=list)
    medals: set[int] = field(default_factory=set)


class Club(RuleBasedStateMachine):
    """Two coaches, three clients, an admin."""

    @initialize()
    def open_club(self) -> None:
        self.admin = make.user(role="admin")
        self.coaches = [make.user(role="coach") for _each in range(2)]
        self.people = [Person(make.user(coach_id=self.coaches[n % 2].id), n % 2) for n in range(3)]
        self.ladder: dict[int, int] = {}
        self.medals: list[Medal] = []
        self.shop: dict[int, tuple[int, int | None]] = {}
        self.done: list[Done] = []
        self.asked: dict[int, Asked] = {}
        self.minutes, self.ticks = count(1), count(1)
        for number, xp in enumerate((20, 60, 120), 1):
            self.make_level(number, xp)
        self.new_reward(cost=25, stock=2)

    # what clients do

    @rule(who=st.integers(0, 2))
    def log(self, who: int) -> None:
        at = NOW - timedelta(minutes=next(self.minutes))
        made = make.workout(self.people[who].user, at=at, now=NOW)
        self.done.append(Done(who, made.source, made.id))
        self.people[who].told.append(("log", self.done[-1]))

    @precondition(lambda self: any(each.log_id for each in self.done))
    @rule(data=st.data())
    def delete_log(self, data: Any) -> None:
        gone = data.draw(st.sampled_from([each for each in self.done if each.log_id]))
        person = self.people[gone.owner]
        with unit_of_work():
            activity.remove(person.user, "workout", gone.log_id, now=NOW)
        gone.log_id = None
        if not gone.is_told:
            person.told.append(("undo", gone))
            gone.is_told = True

    @precondition(lambda self: any(not each.log_id for each in self.done))
    @rule(data=st.data())
    def log_again(self, data: Any) -> None:
        again = data.draw(st.sampled_from([each for each in self.done if not each.log_id]))
        at = datetime.fromisoformat(again.source.removeprefix("workout:"))
        again.log_id = make.workout(self.people[again.owner].user, at=at, now=NOW).id

    @rule(data=st.data(), who=st.integers(0, 2))
    def redeem(self, data: Any, who: int) -> None:
        reward_id, person = data.draw(st.sampled_from(sorted(self.shop))), self.people[who]
        cost, stock = self.shop[reward_id]
        key, expected = f"machine {next(_numbers)}", None
        if stock == 0:
            expected = "out_of_stock"
        elif person.points < cost:
            expected = "not_enough_points"
        for _twice in range(2):
            told, redemption = None, None
            try:
                with unit_of_work():
                    redemption = redeeming.redeem(person.user, reward_id, key=key, seen_cost=cost, now=NOW)
            except DomainError as refusal:
                told = refusal.code
            assert told == expected
        if redemption is not None:
            person.points -= cost
            self.shop[reward_id] = (cost, None if stock is None else stock - 1)
            self.asked[redemption.id] = Asked(who, reward_id, cost, stock is not None, next(self.ticks))

    # what coaches and admins do

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), by=st.integers(0, 2), is_kind=st.booleans())
    def handle(self, data: Any, by: int, *, is_kind: bool) -> None:
        open_ones = [each for each in sorted(self.asked) if self.asked[each].status == "pending"]
        number = data.draw(st.sampled_from(open_ones or sorted(self.asked)) | st.sampled_from(sorted(self.asked)))
        asked, handler = self.asked[number], [*self.coaches, self.admin][by]
        expected = "already_handled" if asked.status != "pending" else None
        if by < 2 and self.people[asked.owner].coach != by:
            expected = "not_found"
        told = None
        try:
            with unit_of_work():
                if is_kind:
                    redeeming.fulfil(number, handler, actor=SYSTEM, now=NOW)
                else:
                    redeeming.reject(number, handler, notes="No", actor=SYSTEM, now=NOW)
        except DomainError as refusal:
            told = refusal.code
        assert told == expected
        if told is not None:
            return
        asked.status = "fulfilled" if is_kind else "rejected"
        if not is_kind:
            self.give_back(self.people[asked.owner], asked)
            cost, stock = self.shop[asked.reward]
            if stock is not None:
                self.shop[asked.reward] = (cost, stock + asked.has_piece)

    def give_back(self, person: Person, asked: Asked) -> None:
        """Deletions since then take first what they could not take while these points were spent."""
        left, still_short = asked.cost, []
        for tick, points in person.shorts:
            taken = min(left, points) if tick > asked.since else 0
            left -= taken
            still_short.append((tick, points - taken))
        person.points, person.shorts = person.points + left, still_short

    @rule(cost=st.sampled_from([10, 25, 60]), stock=STOCKS)
    def new_reward(self, cost: int, stock: int | None) -> None:
        if len(self.shop) < 4:
            self.shop[make.reward(points_cost=cost, stock=stock).id] = (cost, stock)

    @rule(data=st.data(), stock=STOCKS, seen=st.none() | st.integers(0, 3))
    def change_stock(self, data: Any, stock: int | None, seen: int | None) -> None:
        reward_id = data.draw(st.sampled_from(sorted(self.shop)))
        cost, before = self.shop[reward_id]
        details = RewardDetails(f"Reward {reward_id}", cost, stock=stock)
        with unit_of_work():
            rewards.change(reward_id, details, ADMINS, seen_stock=seen, actor=SYSTEM, now=NOW)
        if stock is not None and before is not None and seen is not None:
            stock = max(0, before + stock - seen)
        self.shop[reward_id] = (cost, stock)

    @precondition(lambda self: len(self.medals) < 7)
    @rule(data=st.data(), xp=st.sampled_from([0, 15, 40]), points=st.sampled_from([0, 5]))
    def new_achievement(self, data: Any, xp: int, points: int) -> None:
        condition = data.draw(st.sampled_from([None, "workout_count", "xp_total"]))
        value = data.draw(st.integers(1, 4)) * (30 if condition == "xp_total" else 1)
        coach = data.draw(st.sampled_from([None, 0, 1]))
        made = make.achievement(
            condition,
            value if condition else None,
            coach=None if coach is None else self.coaches[coach],
            xp_reward=xp,
            points_reward=points,
        )
        self.medals.append(Medal(made.id, coach, condition, value, xp, points))

    @precondition(lambda self: any(each.condition is None for each in self.medals))
    @rule(data=st.data(), by=st.integers(0, 1), who=st.integers(0, 2))
    def award(self, data: Any, by: int, who: int) -> None:
        medal = data.draw(st.sampled_from([each for each in self.medals if each.condition is None]))
        person, told = self.people[who], None
        theirs = person.coach == by and medal.coach in {None, by}
        expected = "not_found" if not theirs else "already_earned" if medal.id in person.medals else None
        try:
            with unit_of_work():
                awarding.award(self.coaches[by], person.user.id, medal.id, actor=SYSTEM, now=NOW)
        except DomainError as refusal:
            told = refusal.code
        assert told == expected
        if told is None:
            self.give(person, medal)
            self.evaluate(who)

    @rule(who=st.integers(0, 2))
    def move(self, who: int) -> None:
        person = self.people[who]
        person.coach = 1 - person.coach
        with unit_of_work():
            db.session.get_one(User, person.user.id).coach_id = self.coaches[person.coach].id

    def make_level(self, number: int, xp: int) -> None:
        with unit_of_work():
            made = ladder.create(LevelDetails(f"Level {number}", number, xp), actor=SYSTEM, now=NOW)
        self.ladder[made.id] = xp

    @rule(data=st.data(), step=st.integers(-40, 40))
    def edit_ladder(self, data: Any, step: int) -> None:
        level = db.session.get_one(Level, data.draw(st.sampled_from(sorted(self.ladder))), populate_existing=True)
        details = LevelDetails(level.name, level.level_number, max(0, level.xp_required + step))
        level_id, before = level.id, sorted(self.ladder.values())
        place = before.index(self.ladder[level_id])
        fits = [*before[:place], details.xp_required, *before[place + 1 :]]
        told = None
        try:
            with unit_of_work():
                ladder.change(level_id, details, actor=SYSTEM, now=NOW)
        except DomainError as refusal:
            told = refusal.code
        assert (told in {"levels_out_of_order", "duplicate_xp_required"}) == (fits != sorted(set(fits)))
        if told is None:
            self.ladder[level_id] = details.xp_required

    @precondition(lambda self: len(self.ladder) > 1)
    @rule(data=st.data())
    def delete_level(self, data: Any) -> None:
        gone = data.draw(st.sampled_from(sorted(self.ladder)))
        with unit_of_work():
            ladder.delete(gone, actor=SYSTEM, now=NOW)
        del self.ladder[gone]

    # what workers do

    @rule()
    def settle(self) -> None:
        make.settled()
        for who, person in enumerate(self.people):
            earned = False
            for word, thing in person.told:
                earned = earned or word == "log"
                if word == "log":
                    thing.is_paid = True
                    person.xp, person.points = person.xp + EARNS, person.points + EARNS
                else:
                    person.shorts.append((next(self.ticks), max(0, EARNS - person.points)))
                    person.points -= min(EARNS, person.points)
            person.told.clear()
            if earned:
                self.evaluate(who)

    @rule()
    def look_at_new_achievements(self) -> None:
        has_new = make.evaluated()
        for who in range(3) if has_new else ():
            self.evaluate(who)

    def evaluate(self, who: int) -> None:
        """All that is met, again and again; those of a coach only for their clients of today."""
        person = self.people[who]
        workouts = sum(each.log_id is not None for each in self.done if each.owner == who)
        while True:
            met = [
                medal
                for medal in self.medals
                if medal.condition
                and medal.id not in person.medals
                and medal.coach in {None, person.coach}
                and (workouts if medal.condition == "workout_count" else person.xp) >= medal.value
            ]
            if not met:
                return
            self.give(person, met[0])

    def give(self, person: Person, medal: Medal) -> None:
        person.medals.add(medal.id)
        person.xp, person.points = person.xp + medal.xp, person.points + medal.points

    def teardown(self) -> None:
        if not hasattr(self, "shop"):
            return
        db.session.rollback()
        self.settle()
        outbox.drain(ladder.TOPIC)
        db.session.rollback()
        self.compare()
        assert books.faults() == []
        with unit_of_work():  # later examples have nothing to do with these
            db.session.execute(update(Achievement).values(is_active=False))
            db.session.execute(update(Reward).values(is_active=False))
            db.session.execute(update(XpSummary).values(current_level_id=None))
            db.session.execute(delete(Level))
        outbox.drain(awarding.TOPIC)

    def compare(self) -> None:
        for person in self.people:
            summary = db.session.get_one(XpSummary, person.user.id, populate_existing=True)
            assert (summary.total_xp, summary.available_points) == (person.xp, person.points)
            reached = [(xp, level_id) for level_id, xp in self.ladder.items() if xp <= person.xp]
            assert summary.current_level_id == (max(reached)[1] if reached else None)
            held = select(UserAchievement.achievement_id).where(UserAchievement.user_id == person.user.id)
            assert sorted(db.session.scalars(held)) == sorted(person.medals)
            kept = select(func.count()).select_from(WorkoutLog).where(WorkoutLog.client_id == person.user.id)
            mine = [each for each in self.done if self.people[each.owner] is person]
            assert db.session.scalar(kept) == sum(each.log_id is not None for each in mine)
            paid = select(XpTransaction.source_key).where(
                XpTransaction.user_id == person.user.id, XpTransaction.kind == "event"
            )
            assert sorted(db.session.scalars(paid)) == sorted(each.source for each in mine if each.is_paid)
        for reward_id, (_cost, stock) in self.shop.items():
            assert db.session.get_one(Reward, reward_id, populate_existing=True).stock == stock
        for number, asked in self.asked.items():
            assert db.session.get_one(RewardRedemption, number, populate_existing=True).status == asked.status


@pytest.mark.usefixtures("app")
def test_the_books_and_a_model_agree_whatever_happens() -> None:
    quick = settings(max_examples=14, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Club, settings=quick)
