"""A client leaves while an admin enters that they have completed an offer."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import desk
from app.audit.service import Actor
from app.kit.db import db
from app.offers import converting
from app.offers import service as offers
from app.offers.models import Conversion
from tests import make
from tests.make_kit import NOW
from tests.offers.reading import faults
from tests.races import converters
from tests.races.converters import told
from tests.races.redeemers import in_one_go, once_told, signal, telling
from tests.racing import race, until_somebody_waits


def recorded_while_anonymised(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An admin has begun to enter a conversion; then comes who anonymises the client, and locks all admins too."""
    held = signal()
    admin, client, offer = make.user(role="admin"), make.user(), make.offer()
    client_id, what = client.id, told(client, offer, "by hand")
    monkeypatch.setattr(converting, "_client", telling(held, converting._client))  # noqa: SLF001
    by_hand = Actor(admin.id, admin.username)
    recording = in_one_go(lambda: offers.record(what, actor=by_hand, now=NOW), "recorded")
    leaving = in_one_go(lambda: desk.anonymise(client_id, actor=make.SYSTEM, now=NOW), "anonymised")
    return race(app, [recording, once_told(held, leaving)], hold=until_somebody_waits(converting, "_client"))


def test_nobody_waits_in_a_circle_when_a_client_leaves_whose_conversion_is_entered(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert recorded_while_anonymised(app, monkeypatch) == ["recorded", "anonymised"]
    assert len(db.session.scalars(select(Conversion.id)).all()) == 1
    assert faults() == []


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_unless_both_are_held_first_one_of_them_is_lost(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converting, "_client", converters.hold_only_the_client)
    assert "lost" in recorded_while_anonymised(app, monkeypatch)
