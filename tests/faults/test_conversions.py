"""A web process killed in the middle of a conversion: told again, as offer networks do, it pays once."""

from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from app.kit.db import db
from app.offers.models import Conversion, OfferApplication
from app.wallet.models import WalletEntry
from tests import make
from tests.faults.test_queue import in_background
from tests.offers.reading import cash, faults, promotion_of
from tests.processes import environment_of, wait_until, web

HELD_CONVERTER = "tests.faults.held_converter:app"


def rows() -> tuple[int, int, int]:
    """How many conversions, applications and entries there are."""
    db.session.rollback()
    tables = (Conversion, OfferApplication, WalletEntry)
    conversions, applications, entries = (len(db.session.scalars(select(each.id)).all()) for each in tables)
    return conversions, applications, entries


@pytest.mark.parametrize("point", ["paid", "taken", "committed"])
def test_a_web_process_killed_in_a_conversion_pays_once_when_it_is_told_again(
    app: Flask, tmp_path: Path, point: str
) -> None:
    client, offer, code = make.user(), make.offer(), make.offer_code(usage_limit=1)
    make.applied(client, code)
    bearer, held = make.api_key("conversions"), tmp_path / "held"
    body = {"conversionId": "network-1", "offerId": offer.external_id, "username": client.username, "payout": 20}

    def tell(url: str) -> requests.Response:
        return requests.post(f"{url}/api/v1/conversions", json=body, headers=bearer, timeout=60)

    env = environment_of(app, HELD=str(held), HOLD_AT=point)
    with web(env, tmp_path, workers=1, wsgi=HELD_CONVERTER) as door, in_background(lambda: tell(door.url)):
        wait_until(held.exists, door)
        door.kill()
    is_kept = point == "committed"
    assert (rows(), cash(client), promotion_of(code).is_active) == (
        ((1, 1, 1), 200, False) if is_kept else ((0, 0, 0), 0, True)
    )
    assert faults() == []
    with web(environment_of(app), tmp_path, workers=1) as door:
        answers = [tell(door.url) for _twice in range(2)]
    assert [each.status_code for each in answers] == [200 if is_kept else 201, 200]
    assert [each.json()["data"] for each in answers] == [
        {"conversionId": "network-1", "bonusEarned": 2, "code": make.code_of(code)}
    ] * 2
    assert (rows(), cash(client), promotion_of(code).used_count) == ((1, 1, 1), 200, 1)
    assert faults() == []
