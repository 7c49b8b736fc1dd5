"""Claims of a deal that ends in the same moment: by its end, by an admin, by the upkeep."""

import sys
from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask

from app.audit.service import SYSTEM
from app.deals.models import Deal
from app.kit.db import unit_of_work
from app.promotions import archiving, jobs
from app.promotions import service as promotions
from tests import make
from tests.make_kit import NOW
from tests.races import guards
from tests.races.claimants import COUNTING_CLAIMS, LOOKED, Contestant, claimer, faults, live, rich
from tests.racing import Window, after_call, race, unguarded_race

FEW = 4  # enough to go wrong


def ending(deal: Deal, how: str) -> Contestant:
    deal_id, moment, ends_at = deal.id, NOW + timedelta(seconds=1), deal.promotion.ends_at or NOW

    def end() -> str:
        if how == "upkeep":
            jobs.close_ended(ends_at)
            return "ended"
        with unit_of_work():
            archiving.expire(deal_id, actor=SYSTEM, now=NOW if how == "before" else moment)
        return "ended"

    return end


@pytest.mark.parametrize("how", ["before", "after", "upkeep"])
def test_a_claim_at_the_last_instant_is_decided_by_its_own_reading_of_the_clock(app: Flask, how: str) -> None:
    """The end is exclusive: what ends at this very moment has ended, what ends later is open, whoever comes first."""
    end = NOW + (timedelta(microseconds=1) if how == "upkeep" else timedelta(days=7))
    deal = make.deal(min_amount=10, ends_at=end)
    crowd = [claimer(deal, each) for each in rich(deal.id, FEW, 1000)]
    if how == "after":
        ending(deal, how)()
    outcomes = Counter(race(app, [*crowd, ending(deal, how)], hold=LOOKED, seconds=0.2))
    assert outcomes.pop("ended") == 1
    assert set(outcomes) <= ({"claimed", "expired"} if how == "before" else {"claimed"})
    assert (live(), faults()) == (outcomes["claimed"], [])


def come() -> None:
    """Whoever ends the deal waits here until all have seen it open."""


def end_now(deal_id: int) -> str:
    come()
    with unit_of_work():
        archiving.expire(deal_id, actor=SYSTEM, now=NOW)
    return "ended"


def ended_meanwhile(app: Flask) -> Counter[str]:
    """What became of some who saw a deal open, at its last instant, which an admin ended before they had claimed."""

    def hold(window: Window) -> None:
        for moment in ("come", "end_now"):  # all have seen it open; it has ended
            COUNTING_CLAIMS(window)
            after_call(sys.modules[__name__], moment)(window)

    deal = make.deal(min_amount=10)
    deal_id, crowd = deal.id, [claimer(deal, each) for each in rich(deal.id, FEW, 1000)]
    return Counter(unguarded_race(app, [*crowd, lambda: end_now(deal_id)], hold=hold))


def test_whoever_saw_a_deal_open_claims_nothing_once_it_has_ended(app: Flask) -> None:
    assert ended_meanwhile(app) == {"ended": 1, "expired": FEW}
    assert (live(), faults()) == (0, [])


def test_without_the_condition_all_of_them_claim_what_has_ended(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotions, "_count_up", guards.count_up_knowing_the_limit)
    assert ended_meanwhile(app) == {"ended": 1, "claimed": FEW}
    assert live() == FEW
