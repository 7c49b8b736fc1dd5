"""Mail, through a real SMTP server and its bad days."""

import dataclasses
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.kit import clock, outbox
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.messages import lines, post
from app.messages import service as messages
from app.messages.models import Mail
from tests import processes
from tests.messages.smtp import dripping_server, nobody_there, postman, silent_server

LINK: dict[str, Any] = {"name": "Ada", "link": "http://127.0.0.1:8000/password/reset/token", "minutes": 60, "days": 7}


@pytest.fixture(autouse=True)
def _restore_settings(app: Flask) -> object:
    kept = app.extensions["settings"]
    yield
    app.extensions["settings"] = kept


def use(app: Flask, **settings: str) -> None:
    app.extensions["settings"] = dataclasses.replace(app.extensions["settings"], **settings)


def owe(key: str = "a key", recipient: str = "ada@example.com", locale: str = "en", **context: str) -> None:
    with unit_of_work():
        messages.send(recipient, "password_reset", LINK | context, key=key, locale=locale, now=clock.now())


def mail() -> Mail:
    db.session.rollback()
    return db.session.scalars(select(Mail).execution_options(populate_existing=True)).one()


def event() -> OutboxEvent:
    db.session.rollback()
    return db.session.scalars(select(OutboxEvent).execution_options(populate_existing=True)).one()


def due_again() -> None:
    with unit_of_work():
        db.session.execute(update(OutboxEvent).values(due_at=clock.now() - timedelta(seconds=1), leased_until=None))


def test_a_mail_arrives_as_text_and_html_and_its_link_is_kept_nowhere(app: Flask) -> None:
    with postman() as server:
        use(app, smtp_url=server.url, mail_from="Laurel <hello@shop.example>")
        owe()
        outbox.drain("mail")
    (arrived,) = server.mails
    assert (arrived["To"], arrived["From"]) == ("ada@example.com", "Laurel <hello@shop.example>")
    assert arrived["Subject"] == "Set a new password"
    text, html = (arrived.get_body([kind]) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert LINK["link"] in text.get_content()
    assert f'href="{LINK["link"]}"' in html.get_content()
    assert (mail().state, mail().context, event().settled_at is not None) == ("sent", {}, True)


def test_one_event_is_one_mail_however_often_it_is_owed_and_delivered(app: Flask) -> None:
    with postman() as server:
        use(app, smtp_url=server.url)
        owe()
        owe()
        outbox.drain("mail")
        with unit_of_work():
            db.session.execute(update(OutboxEvent).values(settled_at=None))
        outbox.drain("mail")
    assert len(server.mails) == 1


def test_a_mail_speaks_its_readers_language(app: Flask) -> None:
    owe(locale="th")
    with app.app_context():
        assert post.write(mail())["Subject"] != "Set a new password"


def test_headers_and_html_cant_be_injected(app: Flask) -> None:
    with postman() as server:
        use(app, smtp_url=server.url)
        owe(name="Eve\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>")
        outbox.drain("mail")
    (arrived,) = server.mails
    assert arrived["Bcc"] is None
    assert server.envelopes[0].rcpt_tos == ["ada@example.com"]
    html = arrived.get_body(["html"])
    assert html is not None
    assert "<script" not in html.get_content()


@pytest.mark.parametrize(
    "recipient", ["ada@example.com\r\nBcc: all@example.com", "ada@example.com, eve@example.com", ""]
)
def test_an_address_that_is_none_gets_nothing(app: Flask, recipient: str) -> None:
    with postman() as server:
        use(app, smtp_url=server.url)
        owe(recipient=recipient)
        outbox.drain("mail")
    assert server.mails == []
    assert mail().state in {"failed", "waiting"}


def test_a_server_that_is_away_is_tried_again_later(app: Flask) -> None:
    use(app, smtp_url=nobody_there())
    owe()
    outbox.drain("mail")
    assert mail().state == "waiting"
    assert mail().error
    assert event().due_at > clock.now()
    with postman() as server:
        use(app, smtp_url=server.url)
        due_again()
        outbox.drain("mail")
    assert (len(server.mails), mail().state) == (1, "sent")


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not ten seconds, which are what is promised."""
    assert post.TIMEOUT == 10
    monkeypatch.setattr(post, "TIMEOUT", 0.3)


def give_up_in_time() -> None:
    """On a mail that is owed."""
    owe()
    began = time.monotonic()
    outbox.drain("mail")
    assert time.monotonic() - began < 3


def test_a_server_that_never_answers_is_given_up_in_time(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    with silent_server() as url:
        use(app, smtp_url=url)
        give_up_in_time()
    assert (mail().state, event().settled_at) == ("waiting", None)


@pytest.mark.parametrize("word", [b"220-wait\r\n", b"2"], ids=["lines", "letters"])
def test_a_server_that_never_comes_to_an_end_is_given_up_in_time(
    app: Flask, monkeypatch: pytest.MonkeyPatch, word: bytes
) -> None:
    assert timedelta(seconds=lines.DEADLINE + post.TIMEOUT) < outbox.LEASE
    monkeypatch.setattr(lines, "DEADLINE", 0.4)
    with dripping_server(word) as url:
        use(app, smtp_url=url)
        give_up_in_time()
    assert (mail().state, event().settled_at) == ("waiting", None)
    assert "timed out" in mail().error


@pytest.mark.parametrize(("command", "state"), [("RCPT", "waiting"), ("DATA", "maybe_sent")])
def test_a_server_that_falls_silent_on_the_way_is_given_up_in_time(
    app: Flask, monkeypatch: pytest.MonkeyPatch, command: str, state: str
) -> None:
    """Before the text it is tried again; when that was handed over, it may have arrived, and nothing goes twice."""
    hurry(monkeypatch)
    with postman(hesitates_at=command) as server:
        use(app, smtp_url=server.url)
        give_up_in_time()
        assert (mail().state, bool(mail().error)) == (state, True)
    with postman() as other:
        use(app, smtp_url=other.url)
        due_again()
        outbox.drain("mail")
    assert len(server.mails) + len(other.mails) == 1


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_refusal_for_good_is_not_repeated(app: Flask, command: str) -> None:
    with postman(says={command: "550 no such mailbox"}) as server:
        use(app, smtp_url=server.url)
        owe()
        outbox.drain("mail")
    assert (mail().state, mail().error) == ("failed", "550 no such mailbox")
    assert event().settled_at is not None
    assert server.mails == []


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_refusal_for_now_is_repeated(app: Flask, command: str) -> None:
    with postman(says={command: "451 come back later"}) as server:
        use(app, smtp_url=server.url)
        owe()
        outbox.drain("mail")
        assert (mail().state, event().settled_at) == ("waiting", None)
        server.says.clear()
        due_again()
        outbox.drain("mail")
    assert (len(server.mails), mail().state) == (1, "sent")


def test_a_line_that_breaks_after_the_text_means_maybe_sent_and_nothing_goes_twice(app: Flask) -> None:
    with postman(hangs_up=True) as server:
        use(app, smtp_url=server.url)
        owe()
        outbox.drain("mail")
        assert mail().state == "maybe_sent"
        server.hangs_up = False
        due_again()
        outbox.drain("mail")
        assert len(server.mails) == 1
        with unit_of_work():
            messages.send_again(mail().id, clock.now())
        outbox.drain("mail")
    assert (len(server.mails), mail().state) == (2, "sent")


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_mail_that_was_refused_for_good_goes_again_as_often_as_somebody_says(app: Flask, command: str) -> None:
    with postman(says={command: "550 no such mailbox"}) as server:
        use(app, smtp_url=server.url)
        owe()
        outbox.drain("mail")
        for again in range(3):
            assert mail().state == "failed"
            with unit_of_work():
                messages.send_again(mail().id, clock.now())
            assert mail().state == "waiting"
            if again == 2:
                server.says.clear()
            outbox.drain("mail")
    assert (len(server.mails), mail().state) == (1, "sent")


@pytest.mark.parametrize(("command", "state"), [("RCPT", "sent"), ("DATA", "maybe_sent")])
def test_a_worker_killed_while_sending_never_makes_two_mails(
    app: Flask, redis_url: str, tmp_path: Path, command: str, state: str
) -> None:
    """Before the text it is simply sent by the next one; after it, only a person may decide to send it again."""
    with postman(hesitates_at=command) as server:
        env = processes.environment_of(app, SMTP_URL=server.url, REDIS_URL=redis_url)
        with processes.worker(env, tmp_path, "mail") as worker:
            owe()
            processes.wait_until(lambda: command in server.heard, worker)
            worker.kill()
        server.hesitates_at = ""
        assert mail().state == ("sending" if command == "DATA" else "waiting")
        use(app, smtp_url=server.url)
        due_again()
        outbox.drain("mail")
    assert (mail().state, len(server.mails)) == (state, 1)
    assert event().settled_at is not None


def test_a_mail_that_fails_to_the_end_is_shown_as_failed_and_set_aside(app: Flask) -> None:
    use(app, smtp_url=nobody_there())
    owe()
    for _each in range(len(outbox.PAUSES) + 1):
        outbox.drain("mail")
        due_again()
    assert mail().state == "failed"
    assert event().set_aside_at is not None
    with postman() as server:
        use(app, smtp_url=server.url)
        with unit_of_work():
            outbox.retry(event().id, now=clock.now())
        outbox.drain("mail")
    assert (len(server.mails), mail().state) == (1, "sent")


def test_when_a_mail_that_failed_to_the_end_goes_again_nothing_of_it_stays_set_aside(app: Flask) -> None:
    use(app, smtp_url=nobody_there())
    owe()
    owe("another")
    for _each in range(len(outbox.PAUSES) + 1):
        outbox.drain("mail")
        due_again()
    with postman() as server:
        use(app, smtp_url=server.url)
        with unit_of_work():
            messages.send_again(1, clock.now())
        outbox.drain("mail")
    assert len(server.mails) == 1
    assert [each.key for each in db.session.scalars(outbox.troubled())] == ["mail:2"]
    with unit_of_work():
        assert not outbox.retry(1, now=clock.now())


def test_without_a_server_mails_are_files(app: Flask, tmp_path: Path) -> None:
    use(app, smtp_url="", mail_dir=str(tmp_path / "out"))
    owe()
    outbox.drain("mail")
    (file,) = (tmp_path / "out").iterdir()
    assert file.name == f"{mail().id:06}-password_reset.eml"
    assert LINK["link"] in file.read_text()
    assert mail().state == "sent"


def test_what_was_written_to_somebody_can_be_forgotten(app: Flask) -> None:
    with unit_of_work():
        messages.send("ada@example.com", "password_reset", LINK, key="k", user_id=7, now=clock.now())
        messages.forget(7)
    with postman() as server:
        use(app, smtp_url=server.url)
        outbox.drain("mail")
    assert (server.mails, mail().recipient, mail().context) == ([], "", {})
