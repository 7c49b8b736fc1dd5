"""Many rows in one statement: what comes back is what went in, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.kit.db import among, db, insert_new, unit_of_work
from app.messages.models import Notice
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")
ODD = "Ünïcode, \"quotes\", 'more', \\back, :colon, %s, ไทย"


def row(key: str, **changes: Any) -> dict[str, Any]:
    return {"key": key, "user_id": 7, "kind": "k", "context": {}, "created_at": NOW, "seen_at": None, **changes}


def add(*rows: dict[str, Any]) -> list[str]:
    with unit_of_work():
        return [each[0] for each in insert_new(Notice, rows, ("key",), Notice.key)]


def test_every_value_comes_back_as_it_went_in() -> None:
    later = NOW + timedelta(microseconds=123_456)
    context = {"text": ODD, "list": [1, None, True, 2.5], "nested": {"a": {}}}
    assert add(row(ODD, kind=ODD[:40], context=context, created_at=later, seen_at=NOW)) == [ODD]
    [kept] = db.session.scalars(select(Notice))
    assert (kept.key, kept.kind, kept.context, kept.created_at, kept.seen_at) == (ODD, ODD[:40], context, later, NOW)


def test_only_what_is_new_is_written_and_told() -> None:
    assert add(row("a"), row("b")) == ["a", "b"]
    assert sorted(add(row("b", user_id=8), row("c"), row("c"))) == ["c"]
    assert add() == []
    assert list(db.session.execute(select(Notice.key, Notice.user_id).order_by(Notice.id))) == [
        ("a", 7),
        ("b", 7),
        ("c", 7),
    ]


def test_one_of_many_is_found_however_many_they_are() -> None:
    client = make.user()
    add(row("mine", user_id=client.id))
    for wanted in (range(100_000), {client.id}, [client.id, client.id]):
        assert db.session.scalar(select(Notice.key).where(among(Notice.user_id, wanted))) == "mine"
    assert db.session.scalar(select(Notice.key).where(among(Notice.user_id, []))) is None
