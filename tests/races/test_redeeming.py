"""Races for rewards: the last piece, the last points, one button, and what coaches, admins and keepers do meanwhile."""

import os
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import desk
from app.accounts import service as accounts
from app.accounts.models import User
from app.activity import service as activity
from app.activity.models import WorkoutLog
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty import keeping, redeeming, refunds, rewards
from app.loyalty.reward_models import Reward, RewardRedemption
from tests import make
from tests.make import NOW
from tests.races import awarders, redeemers, workers
from tests.races.redeemers import (
    deleter,
    faults,
    fulfiller,
    points_of,
    redeemer,
    rejecter,
    statuses,
    stock_of,
    stocker,
)
from tests.racing import (
    after_call,
    after_statement,
    before_statement,
    both,
    race,
    unguarded_race,
    until_somebody_waits,
)

CLIENTS = 16
FEW = 4  # enough to go wrong
LOOKED = after_statement(r"^SELECT rewards\.id")
TAKING = before_statement(r"^UPDATE rewards", letting_go=True)
SPENDING = before_statement(r"^UPDATE user_xp_summaries", letting_go=True)
HANDLING = before_statement(r"^UPDATE reward_redemptions", letting_go=True)


def test_of_16_clients_exactly_one_has_the_last_piece(app: Flask) -> None:
    reward = make.reward(stock=1)
    clients = [make.rich_client() for _each in range(CLIENTS)]
    outcomes = race(app, [redeemer(each, reward) for each in clients], hold=LOOKED)
    assert sorted(outcomes) == ["out_of_stock"] * (CLIENTS - 1) + ["redeemed"]
    assert (stock_of(reward), statuses()) == (0, ["pending"])
    assert sorted(points_of(each) for each in clients) == [50] + [100] * (CLIENTS - 1)
    assert faults() == []


def test_with_stock_that_was_read_before_several_have_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redeeming, "_take_piece", redeemers.check_stock_first)
    reward = make.reward(stock=1)
    clients = [make.rich_client() for _each in range(FEW)]
    assert unguarded_race(app, [redeemer(each, reward) for each in clients], hold=TAKING) == ["redeemed"] * FEW
    assert statuses() == ["pending"] * FEW
    assert faults() != []


def test_the_last_points_are_spent_once(app: Flask) -> None:
    client = make.rich_client(100)
    wanted = [make.reward(points_cost=50) for _each in range(8)]
    outcomes = race(app, [redeemer(client, each, f"press {each.id}") for each in wanted], hold=LOOKED)
    assert sorted(outcomes) == ["not_enough_points"] * 6 + ["redeemed"] * 2
    assert (points_of(client), statuses()) == (0, ["pending"] * 2)
    assert faults() == []


def test_with_a_balance_that_was_read_before_they_are_spent_again_and_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redeeming, "_spend", redeemers.check_points_first)
    client = make.rich_client(100)
    wanted = [make.reward(points_cost=50) for _each in range(FEW)]
    contestants = [redeemer(client, each, f"press {each.id}") for each in wanted]
    assert unguarded_race(app, contestants, hold=SPENDING) == ["redeemed"] * FEW
    assert statuses() == ["pending"] * FEW
    assert faults() != []


def told_which(client: User, reward: Reward) -> redeemers.Contestant:
    """The number of the redemption that the press of the button came to."""
    reward_id = reward.id

    def press() -> int:
        with unit_of_work():
            return redeeming.redeem(client, reward_id, key="pressed", now=NOW).id

    return press


def test_one_button_pressed_eight_times_is_one_redemption_told_eight_times(app: Flask) -> None:
    client, reward = make.rich_client(1000), make.reward(stock=5)
    outcomes = race(app, [told_which(client, reward)] * 8, hold=LOOKED)
    [redemption_id] = db.session.scalars(select(RewardRedemption.id))
    assert outcomes == [redemption_id] * 8
    assert (stock_of(reward), points_of(client)) == (4, 950)
    assert faults() == []


def test_without_the_key_of_the_button_it_is_redeemed_again_and_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = redeeming._press  # noqa: SLF001

    def unkeyed(user: User, reward: Reward, key: str, *rest: Any) -> RewardRedemption | None:
        return real(user, reward, f"{key}#{os.getpid()}", *rest)

    monkeypatch.setattr(redeeming, "_press", unkeyed)
    client, reward = make.rich_client(1000), make.reward(stock=5)
    race(app, [told_which(client, reward)] * FEW)
    assert (stock_of(reward), points_of(client)) == (5 - FEW, 1000 - FEW * 50)


def handled(**stock: Any) -> tuple[User, Reward, RewardRedemption, User, User]:
    """Something that a client's coach and an admin are both about to handle."""
    coach, admin = make.user(role="coach"), make.user(role="admin")
    client, reward = make.rich_client(coach_id=coach.id), make.reward(**stock)
    return client, reward, make.redemption(client, reward), coach, admin


def test_the_coach_fulfils_or_an_admin_rejects(app: Flask) -> None:
    client, reward, redemption, coach, admin = handled(stock=1)
    contestants = [fulfiller(redemption, coach), rejecter(redemption, admin)] * 3
    outcomes = race(app, contestants, hold=before_statement(r"^UPDATE reward_redemptions"))
    [done] = [each for each in outcomes if each != "already_handled"]
    assert statuses() == [done]
    gone = done == "fulfilled"
    assert (points_of(client), stock_of(reward)) == (50 if gone else 100, 0 if gone else 1)
    assert faults() == []


def test_unless_they_look_whether_it_is_still_pending_both_do(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redeeming, "_handle", redeemers.handle_unseen)
    *_others, redemption, coach, admin = handled(stock=1)
    contestants = [fulfiller(redemption, coach), rejecter(redemption, admin)]
    assert unguarded_race(app, contestants, hold=HANDLING) == ["fulfilled", "rejected"]


def test_what_is_rejected_twice_at_once_gives_back_once(app: Flask) -> None:
    client, reward, redemption, coach, admin = handled(stock=1)
    outcomes = race(app, [rejecter(redemption, each) for each in (coach, admin, coach, admin)])
    assert sorted(outcomes) == ["already_handled"] * 3 + ["rejected"]
    assert (points_of(client), stock_of(reward)) == (100, 1)
    assert faults() == []


def test_unless_they_look_only_the_table_keeps_the_piece_from_coming_back_twice(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redeeming, "_handle", redeemers.handle_unseen)
    *_others, redemption, coach, admin = handled(stock=1)
    outcomes = unguarded_race(app, [rejecter(redemption, each) for each in (coach, admin)], hold=HANDLING)
    assert sorted(outcomes) == ["rejected", "the table refuses it"]


def test_points_that_come_back_are_spent_or_not_but_never_twice(app: Flask) -> None:
    client, _reward, redemption, coach, _admin = handled()
    dear = make.reward(points_cost=100)
    outcomes = race(app, [rejecter(redemption, coach), redeemer(client, dear)], hold=LOOKED)
    assert outcomes[0] == "rejected"
    assert (outcomes[1], points_of(client)) in {("redeemed", 0), ("not_enough_points", 100)}
    assert faults() == []


def test_a_piece_that_comes_back_goes_to_one(app: Flask) -> None:
    _client, reward, redemption, coach, _admin = handled(stock=1)
    others = [make.rich_client() for _each in range(4)]
    outcomes = race(app, [rejecter(redemption, coach), *(redeemer(each, reward) for each in others)])
    assert outcomes.count("redeemed") <= 1
    assert outcomes.count("redeemed") + (stock_of(reward) or 0) == 1
    assert faults() == []


def taken_back() -> tuple[User, Reward, list[OutboxEvent]]:
    """A client whose 20 points are about to be taken back, and a reward for just these."""
    client, reward = make.user(), make.reward(points_cost=20)
    workout = make.workout(client)
    make.settled()
    with unit_of_work():
        activity.remove(client, "workout", workout.id, now=NOW)
    return client, reward, [each for each in workers.waiting() if each.settled_at is None]


def test_points_are_spent_or_taken_back(app: Flask) -> None:
    client, reward, events = taken_back()
    outcomes = race(app, [workers.settle_again(events), redeemer(client, reward)], hold=both(workers.WINDOW, LOOKED))
    assert outcomes[0] == "settled"
    assert outcomes[1] in {"redeemed", "not_enough_points"}
    assert points_of(client) == 0
    assert faults() == []


def test_without_the_lock_on_the_summary_only_the_table_keeps_them_from_both(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, reward, events = taken_back()
    learnt = redeemers.signal()
    monkeypatch.setattr(workers, "learn_early", redeemers.telling(learnt, workers.learn_early))
    settle = redeemers.refused_by_the_table(workers.settle_unguarded(events))
    contestants = [settle, redeemers.once_told(learnt, redeemer(client, reward))]
    window = both(workers.LEARNT, after_call(redeeming, "redeem"))
    assert unguarded_race(app, contestants, hold=window) == ["the table refuses it", "redeemed"]


def test_a_reward_that_is_deleted_meanwhile_is_redeemed_and_kept_or_gone(app: Flask) -> None:
    reward = make.reward(stock=3)
    clients = [make.rich_client() for _each in range(3)]
    outcomes = race(app, [deleter(reward), *(redeemer(each, reward) for each in clients)], hold=LOOKED)
    assert outcomes[0] == "deleted"
    assert set(outcomes[1:]) <= {"redeemed", "not_found", "inactive"}
    db.session.rollback()
    left = db.session.get(Reward, reward.id, populate_existing=True)
    assert (left is not None) == ("redeemed" in outcomes)
    assert left is None or not left.is_active
    assert faults() == []


def test_unless_it_is_held_the_redemption_fails(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, reward = make.rich_client(), make.reward(stock=3)
    looked = redeemers.signal()
    monkeypatch.setattr(redeeming, "_offered", redeemers.telling(looked, redeemers.offer_unlocked))
    deleting = redeemers.once_told(looked, deleter(reward))
    window = both(before_statement("^INSERT INTO reward_redemptions", letting_go=True), after_call(rewards, "delete"))
    assert unguarded_race(app, [redeemer(client, reward), deleting], hold=window) == ["the table refuses it", "deleted"]


def test_stock_that_is_edited_meanwhile_changes_by_the_difference(app: Flask) -> None:
    reward = make.reward(stock=5)
    clients = [make.rich_client() for _each in range(7)]
    contestants = [
        stocker(reward, 8, seen=5),
        stocker(reward, 4, seen=5),
        *(redeemer(each, reward) for each in clients),
    ]
    outcomes = race(app, contestants, hold=LOOKED)
    assert outcomes[:2] == ["stocked"] * 2
    assert stock_of(reward) == 7 - outcomes.count("redeemed")
    assert outcomes.count("redeemed") >= 4
    assert faults() == []


def test_unless_it_is_held_a_piece_comes_from_nowhere(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, reward = make.rich_client(), make.reward(stock=5)
    seen = redeemers.signal()
    monkeypatch.setattr(keeping, "hold", redeemers.telling(seen, redeemers.hold_nothing))
    redeeming_then = redeemers.once_told(seen, redeemer(client, reward))
    window = both(before_statement(r"^UPDATE rewards SET .*version", letting_go=True), after_call(redeeming, "redeem"))
    outcomes = unguarded_race(app, [stocker(reward, 8, seen=5), redeeming_then], hold=window)
    assert outcomes == ["stocked", "redeemed"]
    assert stock_of(reward) == 8
    assert faults() != []


def rejected_while_anonymised(app: Flask, monkeypatch: pytest.MonkeyPatch) -> tuple[User, list[str]]:
    """Somebody is locked by who anonymises them, and about to lose the notes; then comes who rejects."""
    locked = redeemers.signal()
    monkeypatch.setattr(desk, "_locked", redeemers.telling(locked, desk._locked))  # noqa: SLF001
    client, _reward, redemption, _coach, admin = handled()
    redemption_id, client_id = redemption.id, client.id
    rejecting = redeemers.in_one_go(
        lambda: redeeming.reject(redemption_id, admin, notes="Gone", actor=make.SYSTEM, now=NOW), "rejected"
    )
    leaving = redeemers.in_one_go(lambda: desk.anonymise(client_id, actor=make.SYSTEM, now=NOW), "anonymised")
    contestants = [redeemers.once_told(locked, rejecting), leaving]
    return client, race(app, contestants, hold=until_somebody_waits(desk, "_locked"))


def test_nobody_waits_in_a_circle_when_a_client_leaves_whose_redemption_is_rejected(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, outcomes = rejected_while_anonymised(app, monkeypatch)
    assert outcomes == ["rejected", "anonymised"]
    assert points_of(client) == 100
    assert faults() == []


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_unless_users_come_first_one_of_them_is_lost(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "hold", awarders.read_users)
    assert "lost" in rejected_while_anonymised(app, monkeypatch)[1]


def deleted_while_spent() -> tuple[User, RewardRedemption, User]:
    """A client whose points are all spent, and whose workout is deleted; nobody has settled that yet."""
    client, admin = make.rich_client(50), make.user(role="admin")
    redemption = make.redemption(client)
    log_id = db.session.scalars(select(WorkoutLog.id)).one()
    with unit_of_work():
        activity.remove(client, "workout", log_id, now=NOW)
    return client, redemption, admin


def undone() -> list[OutboxEvent]:
    return [each for each in workers.waiting() if "takes_back" in each.payload]


def test_points_that_come_back_while_their_log_goes_are_taken_once_whoever_is_first(app: Flask) -> None:
    client, redemption, admin = deleted_while_spent()
    settler = workers.settle_again(undone())
    learnt = both(workers.WINDOW, after_call(refunds, "_left_undone"))
    assert race(app, [rejecter(redemption, admin), settler], hold=learnt) == ["rejected", "settled"]
    assert (points_of(client), faults()) == (0, [])


def test_without_the_lock_on_the_summary_they_are_kept(app: Flask) -> None:
    client, redemption, admin = deleted_while_spent()
    reject, settler = rejecter(redemption, admin), workers.settle_unguarded(undone())
    windows = both(workers.LEARNT, after_call(redeemers, "arrived"))
    race(app, [lambda: redeemers.arrived(reject()), settler], hold=windows)
    assert points_of(client) == 50
