"""Cashback at the same moment: two tickers, and what is bought and refunded meanwhile."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import User
from app.bonuses import cashback
from app.bonuses.models import CashbackCredit, CashbackPeriod
from app.kit.db import db
from app.orders.jobs import credit_cashback
from app.wallet import ledger
from tests import make
from tests.bonuses.reading import balances, faults
from tests.make import NOW
from tests.races import members
from tests.races.redeemers import refused_by_the_table
from tests.racing import after_statement, before_statement, race, unguarded_race

YESTERDAY = NOW - timedelta(days=1)
LOOKED_FOR = after_statement(r"^SELECT cashback_credits\.")
CREDITING = before_statement(r"^SAVEPOINT", letting_go=True)


def spenders(count: int) -> list[User]:
    """So many clients who have spent 20.00 yesterday."""
    clients = [make.user() for _each in range(count)]
    for each in clients:
        make.paid_invoice(person=each.person, now=YESTERDAY)
    return clients


def tick() -> str:
    credit_cashback(NOW)
    return "done"


def test_two_tickers_credit_each_client_once(app: Flask) -> None:
    clients = spenders(3)
    make.cashback(starts_at=YESTERDAY - timedelta(hours=1))
    assert race(app, [tick, tick, tick], hold=LOOKED_FOR) == ["done"] * 3
    assert [balances(each) for each in clients] == [(200, 0)] * 3
    kept = db.session.scalars(select(CashbackCredit).order_by(CashbackCredit.user_id)).all()
    assert [(each.user_id, each.spent_cents, each.reason) for each in kept] == [
        (each.id, 2000, None) for each in clients
    ]
    assert len(db.session.scalars(select(CashbackPeriod)).all()) == 1
    assert faults() == []


def test_unless_the_wallet_is_held_only_the_table_keeps_it_to_one(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    [client] = spenders(1)
    make.cashback(starts_at=YESTERDAY - timedelta(hours=1))
    monkeypatch.setattr(cashback, "_find", lambda _due, _user_id: None)
    monkeypatch.setattr(ledger, "hold", members.hold_nothing)
    outcomes = unguarded_race(app, [refused_by_the_table(tick)] * 2, hold=CREDITING)
    assert sorted(outcomes) == ["done", "the table refuses it"]
    assert balances(client) == (200, 0)
