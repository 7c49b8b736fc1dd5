"""What coach, admins and client are written about a redemption, over real SMTP; and that no mail ever touches it."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit import clock, outbox
from app.kit.db import db, unit_of_work
from app.kit.jobs import ring
from app.kit.outbox import OutboxEvent
from app.loyalty import books, redeeming
from app.loyalty.models import XpSummary, XpTransaction
from app.loyalty.reward_models import Reward, RewardRedemption, StockEntry
from app.messages import post
from app.messages.models import Mail
from tests import make, processes
from tests.make import NOW
from tests.messages.smtp import Postman, nobody_there, postman, silent_server

SignIn = Callable[[FlaskClient, User], None]
URL = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def _restore_settings(app: Flask) -> Iterator[None]:
    kept = app.extensions["settings"]
    yield
    app.extensions["settings"] = kept


@pytest.fixture
def coach(app: Flask) -> User:  # noqa: ARG001
    return make.user(role="coach", display_name="Sam", email="sam@example.com")


@pytest.fixture
def mia(coach: User) -> User:
    return make.rich_client(5000, coach_id=coach.id, display_name="Mia Lind", email="mia@example.com")


def use(app: Flask, smtp_url: str) -> None:
    app.extensions["settings"] = dataclasses.replace(app.extensions["settings"], smtp_url=smtp_url)


def redeem(client: User, name: str = "Massage", cost: int = 1250) -> RewardRedemption:
    return make.redemption(client, make.reward(name=name, points_cost=cost, stock=3))


def fulfil(redemption: RewardRedemption, by: User, notes: str = "") -> None:
    with unit_of_work():
        redeeming.fulfil(redemption.id, by, notes=notes, actor=SYSTEM, now=NOW)


def reject(redemption: RewardRedemption, by: User, notes: str) -> None:
    with unit_of_work():
        redeeming.reject(redemption.id, by, notes=notes, actor=SYSTEM, now=NOW)


def delivered(app: Flask) -> Postman:
    """The postman who took all that was owed."""
    with postman() as server:
        use(app, server.url)
        outbox.drain("mail")
    return server


def parts(mail: EmailMessage) -> tuple[str, str]:
    """Its text and its HTML."""
    text, html = (mail.get_body([kind]) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    return text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


def mails() -> list[Mail]:
    db.session.rollback()
    return list(db.session.scalars(select(Mail).order_by(Mail.id).execution_options(populate_existing=True)))


def due_again() -> None:
    """Now, and with a bell."""
    with unit_of_work():
        db.session.execute(update(OutboxEvent).values(due_at=clock.now() - timedelta(seconds=1), leased_until=None))
        ring("mail")


def rows() -> dict[str, list[Any]]:
    """All that a redemption is made of."""
    db.session.rollback()
    models = (RewardRedemption, Reward, StockEntry, XpTransaction, XpSummary)
    return {each.__tablename__: list(map(tuple, db.session.execute(select(*each.__table__.c)))) for each in models}


def test_the_coach_reads_who_wants_what_and_where_to_say_so(app: Flask, mia: User) -> None:
    redeem(mia)
    (mail,) = delivered(app).mails
    assert (mail["To"], mail["Subject"]) == ("sam@example.com", "Mia Lind would like: Massage")
    text, html = parts(mail)
    for told in (text, html):
        assert "Hello Sam," in told
        assert "Mia Lind has redeemed Massage for 1,250 points." in told
        assert f"{URL}/coach/redemptions" in told
    assert f'href="{URL}/coach/redemptions"' in html
    assert "<" not in text


def test_a_single_point_is_one(app: Flask, mia: User) -> None:
    redeem(mia, cost=1)
    (mail,) = delivered(app).mails
    assert "for 1 point." in parts(mail)[0]


def test_each_reads_it_in_their_own_language(app: Flask, coach: User, mia: User) -> None:
    with unit_of_work():
        db.session.execute(update(User).where(User.id == coach.id).values(locale="th"))
    db.session.expire_all()
    redemption = redeem(mia)
    fulfil(redemption, coach)
    to_coach, to_mia = delivered(app).mails
    assert '<html lang="th">' in parts(to_coach)[1]
    assert all("สวัสดี Sam" in told and "Massage" in told for told in parts(to_coach))
    assert '<html lang="en">' in parts(to_mia)[1]


@pytest.mark.parametrize("has_gone", [True, False])
def test_without_an_active_coach_every_active_admin_is_asked(
    app: Flask, coach: User, mia: User, has_gone: bool
) -> None:
    one, two = make.user(role="admin", display_name="One"), make.user(role="admin")
    make.user(role="admin", is_active=False)
    gone = update(User).where(User.id == coach.id).values(is_active=False)
    alone = update(User).where(User.id == mia.id).values(coach_id=None)
    with unit_of_work():
        db.session.execute(gone if has_gone else alone)
    db.session.expire_all()
    redeem(mia)
    arrived = delivered(app).mails
    assert [mail["To"] for mail in arrived] == [one.email, two.email]
    for mail in arrived:
        assert mail["Subject"] == "Mia Lind would like: Massage"
        assert all(f"{URL}/admin/redemptions" in told for told in parts(mail))
    assert "Hello One," in parts(arrived[0])[0]


def test_the_client_reads_that_it_is_ready(app: Flask, coach: User, mia: User) -> None:
    for notes in ("", "At the desk.\nAsk for Noor."):
        fulfil(redeem(mia, name="Tea"), coach, notes)
    with_nothing, with_notes = (each for each in delivered(app).mails if each["To"] == "mia@example.com")
    assert with_nothing["Subject"] == "Your reward is ready: Tea"
    assert all("You earned it." in told for told in parts(with_nothing))
    text, html = parts(with_notes)
    assert "A note for you: At the desk.\nAsk for Noor.\n\nhttp" in text
    assert '<p class="typed">A note for you: At the desk.\nAsk for Noor.</p>' in html
    assert all(f"{URL}/client/redemptions" in told for told in (text, html))


def test_the_client_reads_why_not_and_that_the_points_are_back(app: Flask, coach: User, mia: User) -> None:
    reject(redeem(mia), coach, "Noor is on holiday.")
    mail = delivered(app).mails[-1]
    assert (mail["To"], mail["Subject"]) == ("mia@example.com", "Your points are back: Massage")
    for told in parts(mail):
        assert "Your 1,250 points are back." in told
        assert "Why: Noor is on holiday." in told
        assert f"{URL}/client/redemptions" in told


ODD_NAME = "Eve & 'Co'\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script> 100%"


@pytest.mark.parametrize("breaks", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_no_name_gets_into_headers_or_becomes_markup(app: Flask, coach: User, mia: User, breaks: str) -> None:
    name = ODD_NAME.replace("\r\n", breaks)
    with unit_of_work():
        db.session.execute(update(User).where(User.id.in_([coach.id, mia.id])).values(display_name=name[:80]))
    db.session.expire_all()
    redemption = redeem(mia, name=name)
    reject(redemption, coach, notes=name)
    server = delivered(app)
    assert [each.rcpt_tos for each in server.envelopes] == [["sam@example.com"], ["mia@example.com"]]
    expected = {"Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
    for mail in server.mails:
        assert set(mail.keys()) - {"X-Peer", "X-MailFrom", "X-RcptTo"} == expected
        text, html = parts(mail)
        assert "<script>alert(1)</script> 100%" in text
        assert "&amp;" not in text
        assert "<script" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt; 100%" in html
        assert "Eve &amp; &#39;Co&#39;" in html


@pytest.mark.parametrize("trouble", ["nobody there", "refused for now", "hanging"])
def test_trouble_with_the_mail_leaves_the_redemption_alone_and_is_tried_again(
    app: Flask, mia: User, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(post, "TIMEOUT", 0.3)
    redeem(mia)
    before = rows()
    with postman(says={"RCPT": "451 come back later"}) as grumpy, silent_server() as silent:
        use(app, {"nobody there": nobody_there(), "refused for now": grumpy.url, "hanging": silent}[trouble])
        outbox.drain("mail")
    (mail,) = mails()
    assert (mail.state, bool(mail.error), rows()) == ("waiting", True, before)
    due_again()
    (arrived,) = delivered(app).mails
    assert arrived["To"] == "sam@example.com"
    due_again()
    assert delivered(app).mails == []
    assert ([each.state for each in mails()], rows(), books.faults()) == (["sent"], before, [])


def test_a_line_that_dies_after_the_text_is_told_as_maybe_sent_and_not_repeated(
    app: Flask, client: FlaskClient, sign_in: SignIn, mia: User
) -> None:
    redeem(mia)
    before = rows()
    with postman(hangs_up=True) as server:
        use(app, server.url)
        outbox.drain("mail")
        server.hangs_up = False
        for _each in range(3):
            due_again()
            outbox.drain("mail")
        assert len(server.mails) == 1
    assert ([each.state for each in mails()], rows(), books.faults()) == (["maybe_sent"], before, [])
    sign_in(client, make.user(role="admin"))
    page = client.get("/admin/mails?state=maybe_sent").text
    assert "sam@example.com" in page
    assert "It may have arrived already. Send it once more?" in page


def test_a_real_worker_tries_again_and_brings_it_once(app: Flask, mia: User, redis_url: str, tmp_path: Path) -> None:
    with postman(says={"RCPT": "451 come back later"}) as server:
        env = processes.environment_of(app, SMTP_URL=server.url, REDIS_URL=redis_url)
        with processes.worker(env, tmp_path, "mail") as worker:
            redemption = redeem(mia)
            before = rows()
            processes.wait_until(lambda: [each.state for each in mails() if each.error] == ["waiting"], worker)
            server.says.clear()
            processes.wait_until(is_put_off, worker)
            due_again()
            processes.wait_until(lambda: [each.state for each in mails()] == ["sent"], worker)
    assert (len(server.mails), rows()) == (1, before)
    assert redemption.status == "pending"


def is_put_off() -> bool:
    db.session.rollback()
    event = select(OutboxEvent.lease, OutboxEvent.last_error).where(OutboxEvent.topic == "mail")
    lease, error = db.session.execute(event).one()
    return lease is None and error is not None


def test_a_worker_killed_with_the_mail_in_its_hands_takes_nothing_else_with_it(
    app: Flask, mia: User, redis_url: str, tmp_path: Path
) -> None:
    with postman(hesitates_at="DATA") as server:
        env = processes.environment_of(app, SMTP_URL=server.url, REDIS_URL=redis_url)
        with processes.worker(env, tmp_path, "mail") as first:
            redeem(mia)
            before = rows()
            processes.wait_until(lambda: "DATA" in server.heard, first)
            first.kill()
        server.hesitates_at = ""
        with processes.worker(env, tmp_path, "mail") as second:
            due_again()
            processes.wait_until(lambda: [each.state for each in mails()] == ["maybe_sent"], second)
        assert len(server.mails) == 1
    assert (rows(), books.faults()) == (before, [])
