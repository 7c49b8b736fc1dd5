"""What is bought and played, and what of it counts for whose bonus, also when some of it goes back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.bonuses import claims, editing, jobs
from app.bonuses import service as bonuses
from app.bonuses.errors import UnknownClient
from app.bonuses.models import Bonus, MemberPromotion, TurnoverEvent, TurnoverShare
from app.deposits.errors import BonusesActive
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice, InvoiceLine
from tests import make
from tests.bonuses.reading import balances, faults, fresh
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")
_numbers = count(1)
DAY, TINY = timedelta(days=1), timedelta(microseconds=1)


def claims_of(user: User, *required: tuple[int, Sequence[str]]) -> list[MemberPromotion]:
    """Free credits of 10.00 whose turnover is so many cents, for these categories; the oldest first."""
    made = []
    for cents, games in required:
        credit = make.free_credit(turnover_requirement=cents / 1000, applicable_games=list(games))
        made.append(make.given(user, credit))
    return made


def turnovers(claims: Sequence[MemberPromotion]) -> list[int]:
    return [fresh(each).current_turnover_cents for each in claims]


def bought(user: User, cents: int, category: str = "games", pieces: int = 1, now: datetime = NOW) -> Invoice:
    """An order of one line, paid at the provider's."""
    return make.paid_invoice(
        person=user.person, price_cents=cents, quantity=pieces, category=make.category(category), now=now
    )


def refunded(invoice: Invoice, pieces: int | None = None, line: int = 0) -> None:
    """So many more pieces of a line, or all that is left of the invoice."""
    ids = db.session.scalars(select(InvoiceLine.id).where(InvoiceLine.invoice_id == invoice.id).order_by("position"))
    wanted = None if pieces is None else {ids.all()[line]: pieces}
    with unit_of_work():
        orders.refund(invoice.number, wanted, key=f"refund-of-the-test-{next(_numbers)}", actor=SYSTEM, now=NOW)


@pytest.mark.parametrize(
    ("required", "category", "cents", "counted"),
    [
        ([(1000, ()), (2000, ())], "games", 999, [999, 0]),
        ([(1000, ()), (2000, ())], "games", 1000, [1000, 0]),
        ([(1000, ()), (2000, ())], "games", 2500, [1000, 1500]),  # what is left over goes to the next
        ([(1000, ()), (2000, ())], "games", 9000, [1000, 2000]),  # and what is left then is nobody's
        ([(1000, ["music"]), (2000, ["games"])], "games", 2500, [0, 2000]),
        ([(1000, ["music"]), (2000, ())], "music", 2500, [1000, 1500]),
        ([(1000, ["Games"]), (2000, ["GAMES", "music"])], "games", 1500, [1000, 500]),  # whatever the case
        ([(1000, ["music"])], "games", 5000, [0]),
    ],
)
def test_a_purchase_counts_for_the_oldest_claims_that_it_fits(
    required: list[tuple[int, Sequence[str]]], category: str, cents: int, counted: list[int]
) -> None:
    client = make.user()
    claims = claims_of(client, *required)
    bought(client, cents, category)
    assert turnovers(claims) == counted
    is_met = [cents == need for cents, (need, _games) in zip(counted, required, strict=True)]
    assert [fresh(each).status == "completed" for each in claims] == is_met
    assert balances(client) == (1000 * sum(is_met), 1000 * (len(claims) - sum(is_met)))
    assert faults() == []


def test_each_line_counts_with_what_was_paid_for_it() -> None:
    client = make.user()
    claims = claims_of(client, (5000, ["games"]), (5000, ["music"]))
    games, music = make.category("games"), make.category("music")
    gift, song = make.product(category=music, price_cents=100), make.product(category=music, price_cents=600)
    make.discount(code="HALF", discount_value=50, applicable_categories=["games"])
    invoice = make.invoice(
        person=client.person, category=games, price_cents=1001, quantity=2, also=[(gift, 1), (song, 2)], code="HALF"
    )
    assert turnovers(claims) == [0, 0]  # nothing is paid yet
    with unit_of_work():
        orders.mark_paid(invoice.id, invoice.provider, make.told(invoice), NOW)
    assert turnovers(claims) == [1001, 1300]
    assert faults() == []


def test_lines_that_cost_nothing_and_donations_do_not_count() -> None:
    client = make.user()
    [claim] = claims_of(client, (5000, ()))
    make.discount(code="FREE", discount_value=100)
    free = make.invoice(person=client.person, code="FREE")
    with unit_of_work():
        orders.mark_paid(free.id, free.provider, make.told(free), NOW)
    with unit_of_work():
        gift = orders.donate(500, "", person=client.person, visit=None, key="donation-of-the-test", now=NOW)
    with unit_of_work():
        orders.mark_paid(gift.id, gift.provider, make.told(gift), NOW)
    assert turnovers([claim]) == [0]
    assert db.session.scalars(select(TurnoverEvent)).all() == []


def test_of_nobody_elses_purchases_and_none_before_the_claim_anything_counts() -> None:
    client, other = make.user(), make.user()
    bought(client, 700)
    [claim] = claims_of(client, (1000, ()))
    make.paid_invoice(person=other.person, price_cents=5000)
    make.paid_invoice(price_cents=5000)
    assert turnovers([claim]) == [0]


def test_an_event_counts_once_whoever_tells_it_again() -> None:
    client, other = make.user(), make.user()
    claims = [*claims_of(client, (1000, ["games"]), (1000, ())), *claims_of(other, (1000, ()))]
    assert make.played(client, 300, "Games", event_id="round-1")
    assert not make.played(client, 999, "games", event_id="round-1")
    assert not make.played(other, 300, "games", event_id="round-1")
    assert make.played(client, 40, event_id="round-2")  # of no category: for those that count any
    assert make.played(client, 5, "music", event_id="round-3")
    assert turnovers(claims) == [300, 45, 0]
    assert faults() == []


def test_turnover_of_nobody_we_know_is_refused() -> None:
    for user in (make.user(role="coach"), make.user(is_active=False)):
        with pytest.raises(UnknownClient):
            make.played(user, 100)
    assert db.session.scalars(select(TurnoverEvent)).all() == []


@pytest.mark.parametrize("portions", [[None], [1], [10], [3, 1, 2], [3, 1, 2, 4], [4, None]])
def test_what_goes_back_no_longer_counts_in_whatever_portions(portions: list[int | None]) -> None:
    client = make.user()
    claims = claims_of(client, (5000, ["games"]), (300, ["music"]), (5000, ["music"]))
    games, music = bought(client, 100, "games", 10), bought(client, 100, "music", 10)
    for each in portions:
        refunded(games, each)
        refunded(music, each)
    left = 0 if None in portions else 1000 - sum(100 * (each or 0) for each in portions)
    assert turnovers(claims) == [left, 300, max(0, left - 300)]
    assert fresh(claims[1]).refunded_turnover_cents == max(0, 300 - left)
    assert faults() == []


def test_by_line_only_what_that_line_counted_for_goes_back() -> None:
    client = make.user()
    claims = claims_of(client, (5000, ["games"]), (5000, ["music"]))
    games, music = make.category("games"), make.category("music")
    song = make.product(category=music, price_cents=333)
    invoice = make.paid_invoice(person=client.person, category=games, price_cents=250, quantity=2, also=[(song, 3)])
    refunded(invoice, 2, line=1)
    assert turnovers(claims) == [500, 333]
    refunded(invoice, 1, line=0)
    assert turnovers(claims) == [250, 333]
    refunded(invoice)
    assert turnovers(claims) == [0, 0]
    assert faults() == []


@pytest.mark.parametrize("portions", [[10], [None], [2, 2, 6], [1] * 10, [7, 3]])
def test_of_what_a_finished_bonus_counted_nothing_goes_back_and_it_says_how_much(portions: list[int | None]) -> None:
    """Ten pieces for 1.00: 3.00 were the last that the first missed, 5.00 that the second did, 2.00 are nobody's."""
    client = make.user()
    first, second = claims_of(client, (300, ()), (500, ()))
    invoice = bought(client, 100, "games", 10)
    assert balances(client) == (2000, 0)
    for each in portions:
        refunded(invoice, each)
    assert turnovers([first, second]) == [300, 500]
    assert [fresh(each).refunded_turnover_cents for each in (first, second)] == [300, 500]
    assert balances(client) == (2000, 0)
    assert faults() == []


@pytest.mark.parametrize(("pieces", "gone"), [(2, (0, 0)), (3, (0, 100)), (8, (100, 500)), (10, (300, 500))])
def test_first_goes_what_counted_for_nothing_then_what_counted_last(pieces: int, gone: tuple[int, int]) -> None:
    client = make.user()
    claims = claims_of(client, (300, ()), (500, ()))
    refunded(bought(client, 100, "games", 10), pieces)
    assert tuple(fresh(each).refunded_turnover_cents for each in claims) == gone


def test_the_rest_that_a_refund_takes_from_a_running_bonus_is_missing_again() -> None:
    client = make.user()
    first, second = claims_of(client, (600, ()), (500, ()))
    invoice = bought(client, 100, "games", 9)
    assert turnovers([first, second]) == [600, 300]
    refunded(invoice, 5)
    assert turnovers([first, second]) == [600, 0]
    assert fresh(first).refunded_turnover_cents == 200
    bought(client, 499, "more")
    assert fresh(second).status == "active"
    bought(client, 1, "yet-more")
    assert fresh(second).status == "completed"
    assert faults() == []


def test_a_cancelled_bonus_keeps_the_turnover_that_it_had() -> None:
    client = make.user()
    first, second = claims_of(client, (900, ()), (500, ()))
    invoice = bought(client, 100, "games", 8)
    with unit_of_work():
        bonuses.cancel_own(client.id, first.id, NOW)
    refunded(invoice)
    assert turnovers([first, second]) == [800, 0]
    assert fresh(first).refunded_turnover_cents == 0
    bought(client, 500, "more")
    assert (fresh(first).status, fresh(second).status) == ("cancelled", "completed")
    assert faults() == []


def ending(user: User, ends_at: datetime) -> tuple[Bonus, MemberPromotion]:
    credit = make.free_credit(turnover_requirement=1, ends_at=ends_at)
    return credit, make.given(user, credit)


def test_a_bonus_counts_until_thirty_days_after_its_end_and_then_lapses() -> None:
    client = make.user()
    _credit, claim = ending(client, NOW + DAY)
    over = NOW + 31 * DAY
    make.played(client, 300, now=over - TINY)
    jobs.lapse_overdue(over - TINY)
    assert (turnovers([claim]), fresh(claim).status) == ([300], "active")
    make.played(client, 700, now=over)  # the clock says so before the job does
    assert (turnovers([claim]), fresh(claim).status) == ([300], "active")
    for _twice in range(2):
        jobs.lapse_overdue(over)
    claim = fresh(claim)
    assert (claim.status, claim.cancelled_because, claim.cancelled_at) == ("cancelled", "lapsed", over)
    assert balances(client) == (0, 0)
    assert faults() == []


def test_what_has_lapsed_by_the_clock_stands_in_nobodys_way_until_the_job_comes() -> None:
    client = make.user()
    make.deposit(client, 1000)
    _credit, claim = ending(client, NOW + DAY)
    over = NOW + 31 * DAY
    assert [each.id for each in claims.active_of(client.id, over - TINY)] == [claim.id]
    with pytest.raises(BonusesActive):
        make.withdrawal(client, now=over - TINY)
    assert not claims.active_of(client.id, over)
    make.withdrawal(client, now=over)
    jobs.lapse_overdue(over)
    assert (fresh(claim).status, balances(client)) == ("cancelled", (0, 0))
    assert faults() == []


def test_a_later_end_lets_it_go_on() -> None:
    client = make.user()
    credit, claim = ending(client, NOW + DAY)
    over = NOW + 31 * DAY
    with unit_of_work():
        editing.update(credit.id, {"ends_at": NOW + 2 * DAY}, actor=SYSTEM, now=over)
    jobs.lapse_overdue(over)
    make.played(client, 1000, now=over)
    assert (fresh(claim).status, balances(client)) == ("completed", (1000, 0))
    assert faults() == []


def test_each_part_of_an_event_is_written_down() -> None:
    client = make.user()
    first, second = claims_of(client, (1000, ()), (2000, ()))
    make.played(client, 1500, event_id="round")
    shares = db.session.execute(select(TurnoverShare.member_promotion_id, TurnoverShare.amount_cents)).all()
    assert [tuple(each) for each in shares] == [(first.id, 1000), (second.id, 500)]


@pytest.mark.parametrize("order_first", [True, False])
def test_a_release_that_went_with_its_deposit_is_nothing_to_look_at_any_more(*, order_first: bool) -> None:
    client = make.user()
    deposit = make.deposit(client, 10_000, make.bonus(turnover_requirement=1))
    claim = make.claim_of(deposit)
    invoice = bought(client, 10_000, "games", 2)
    assert fresh(claim).status == "completed"
    if order_first:
        refunded(invoice)
        assert [each.id for each in claims.refunded_since([client.id])[client.id]] == [claim.id]
    make.refunded_deposit(deposit)
    if not order_first:
        refunded(invoice)
        assert fresh(claim).refunded_turnover_cents == 0
    assert claims.refunded_since([client.id]) == {}
    assert faults() == []
