"""Several admins with files of codes: nothing is overwritten in silence, and no code is made twice."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit.service import SYSTEM
from app.discounts import importing, sheet
from app.discounts import service as discounts
from app.kit.db import db, unit_of_work
from app.promotions.models import Promotion, PromotionCode
from tests import make
from tests.racing import before_statement, race, unguarded_race, without_unique

UTC = ZoneInfo("UTC")
NEW = b"code,title,discount_type,discount_value\nB-1,New,fixed,5\nA-1,New,fixed,5\n"


def importer(data: bytes) -> Callable[[], str]:
    def bring() -> str:
        read = sheet.read(data, UTC)
        expected = importing.plan(read, zone=UTC, now=make.NOW)
        with unit_of_work():
            importing.carry_out(read, expected, zone=UTC, actor=SYSTEM, now=make.NOW)
        return "imported"

    return bring


def importers_of_one() -> list[Callable[[], str]]:
    """Admins whose files are about the same code, each with another column."""
    make.discount(code="A-1", title="Old", discount_type="fixed", discount_value=1)
    return [importer(b"code,title\nA-1,New\n"), importer(b"code,discount_value\nA-1,2\n")]


def kept() -> tuple[str, int, int]:
    db.session.expire_all()
    promotion_id = db.session.scalars(select(PromotionCode.promotion_id)).one()
    found = discounts.get(promotion_id)
    return found.promotion.title, found.discount_value, found.promotion.version


def counted() -> tuple[int, int]:
    return tuple(
        db.session.scalars(select(func.count()).select_from(each)).one() for each in (Promotion, PromotionCode)
    )  # type: ignore[return-value]


def test_two_files_at_once_leave_each_other_what_they_say_nothing_about(app: Flask) -> None:
    assert race(app, importers_of_one(), hold=before_statement("^UPDATE promotions")) == ["imported"] * 2
    assert kept() == ("New", 200, 3)


def test_without_the_lock_one_file_undoes_the_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_lock", set)
    hold = before_statement("^UPDATE promotions", letting_go=True)
    assert unguarded_race(app, importers_of_one(), hold=hold) == ["imported"] * 2
    assert kept()[:2] != ("New", 200)


def test_of_two_files_with_the_same_new_codes_one_is_told_to_try_again(app: Flask) -> None:
    outcomes = race(app, [importer(NEW)] * 2, hold=before_statement("^INSERT INTO promotion_codes"))
    is_sqlite = db.engine.dialect.name == "sqlite"  # there the second one waits at its start, and finds nothing to do
    assert sorted(map(str, outcomes)) == (["imported"] * 2 if is_sqlite else ["conflict", "imported"])
    assert counted() == (2, 2)


def test_without_the_unique_code_both_make_them(app: Flask) -> None:
    with without_unique("promotion_codes", "uq_promotion_codes_code"):
        hold = before_statement("^INSERT INTO promotion_codes", letting_go=True)
        assert unguarded_race(app, [importer(NEW)] * 2, hold=hold) == ["imported"] * 2
        assert counted() == (4, 4)
