"""Processes killed while money moves, in a deposit, a release, a cashback: all of it happened, once, or nothing."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.bonuses.models import CashbackCredit, CashbackPeriod, MemberPromotion, TurnoverEvent
from app.deposits.models import Deposit
from app.kit import clock
from app.kit.db import db
from app.orders.jobs import credit_cashback
from app.promotions.models import PromotionUse
from app.wallet.models import WalletEntry
from tests import make
from tests.bonuses.reading import balances, faults, fresh
from tests.faults.test_queue import in_background
from tests.processes import environment_of, wait_until, web, worker

HELD_WEB, HELD_WORKER = "tests.faults.held_money:app", "tests/faults/held_money.py"
COUNTED = (Deposit, MemberPromotion, PromotionUse, WalletEntry)


def window(now: datetime) -> dict[str, datetime]:
    """Since two days ago, for a week."""
    return {"starts_at": now - timedelta(days=2), "ends_at": now + timedelta(days=5)}


def rows(*tables: type) -> list[int]:
    db.session.rollback()
    return [db.session.scalar(select(func.count()).select_from(each)) or 0 for each in tables]


def killed_at(point: str, app: Flask, folder: Path, path: str, body: dict[str, object], bearer: dict[str, str]) -> None:
    """A web process that was killed while it answered this."""
    held = folder / "held"
    env = environment_of(app, HELD=str(held), HOLD_AT=point)
    with (
        web(env, folder, workers=1, wsgi=HELD_WEB) as door,
        in_background(lambda: requests.post(f"{door.url}{path}", json=body, headers=bearer, timeout=60)),
    ):
        wait_until(held.exists, door)
        door.kill()


@pytest.mark.parametrize("point", ["taken", "committed"])
def test_a_web_process_killed_in_a_deposit_credits_it_once_when_it_is_told_again(
    app: Flask, tmp_path: Path, point: str
) -> None:
    client, bonus = make.user(), make.bonus(turnover_requirement=1, usage_limit=1, **window(clock.now()))
    bearer, path = make.api_key("deposits"), "/api/v1/deposits"
    body = {"depositId": "bank-1", "username": client.username, "amount": 100, "promotionCode": make.bonus_code(bonus)}
    killed_at(point, app, tmp_path, path, body, bearer)
    is_kept = point == "committed"
    assert rows(*COUNTED) == ([1, 1, 1, 2] if is_kept else [0, 0, 0, 0])
    assert (balances(client), faults()) == ((10_000, 10_000) if is_kept else (0, 0), [])
    answers = [app.test_client().post(path, json=body, headers=bearer) for _twice in range(2)]
    assert [each.status_code for each in answers] == [200 if is_kept else 201, 200]
    told = {"depositId": "bank-1", "balance": 100, "promotion": {"applied": True, "bonusAmount": 100}}
    assert [(each.json or {})["data"] for each in answers] == [told] * 2
    assert (rows(*COUNTED), balances(client), faults()) == ([1, 1, 1, 2], (10_000, 10_000), [])


@pytest.mark.parametrize("point", ["credited", "committed"])
def test_a_web_process_killed_in_a_purchase_that_releases_a_bonus_releases_it_once(
    app: Flask, tmp_path: Path, point: str
) -> None:
    client, now = make.user(), clock.now()
    bonus = make.bonus(turnover_requirement=1, **window(now))
    claim = make.claim_of(make.deposit(client, 10_000, bonus, now=now))
    invoice = make.invoice(person=client.person, price_cents=20_000, now=now)
    bearer, path = make.bearer(), f"/api/v1/admin/invoices/{invoice.number}/pay"
    killed_at(point, app, tmp_path, path, {}, bearer)
    is_kept = point == "committed"
    released = ("completed", 20_000, (20_000, 0))
    found = fresh(claim)
    assert (found.status, found.current_turnover_cents, balances(client)) == (
        released if is_kept else ("active", 0, (10_000, 10_000))
    )
    assert (rows(TurnoverEvent), faults()) == ([int(is_kept)], [])
    answers = [app.test_client().post(path, json={}, headers=bearer) for _twice in range(2)]
    assert [(each.status_code, (each.json or {})["data"]["status"]) for each in answers] == [(200, "paid")] * 2
    found = fresh(claim)
    assert (found.status, found.current_turnover_cents, balances(client)) == released
    assert (rows(TurnoverEvent, WalletEntry), faults()) == ([1, 4], [])


def spenders(now: datetime) -> list[User]:
    """Three who have spent 20.00 yesterday."""
    clients = [make.user() for _each in range(3)]
    for each in clients:
        make.paid_invoice(person=each.person, now=now - timedelta(days=1))
    return clients


def test_a_worker_killed_while_it_credits_cashback_has_credited_some_and_the_next_credits_the_rest(
    app: Flask, tmp_path: Path
) -> None:
    """It is killed in the middle of the second client's entries: there are three of each."""
    now = clock.now()
    clients, held = spenders(now), tmp_path / "held"
    make.cashback(**window(now))
    env = environment_of(app, HELD=str(held), HOLD_AT="credited", HOLD_ON="5")
    with worker(env, tmp_path, script=HELD_WORKER) as first:
        wait_until(held.exists, first)
        first.kill()
    assert ([balances(each) for each in clients], faults()) == ([(200, 0), (0, 0), (0, 0)], [])
    for _twice in range(2):
        credit_cashback(now)
        assert [balances(each) for each in clients] == [(200, 0)] * 3
        assert rows(CashbackPeriod, CashbackCredit, MemberPromotion, WalletEntry) == [2, 3, 3, 9]
    assert faults() == []
