"""What was claimed of a member bonus: the list of claims, giving a free credit, taking a bonus away, and the file."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from time_machine import TimeMachineFixture
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.bonuses import service as bonuses
from app.bonuses.models import Bonus, MemberPromotion
from app.kit import clock
from app.kit.db import db, unit_of_work
from app.orders import jobs
from app.orders import service as orders
from tests import make
from tests.bonuses.reading import balances, faults, fresh
from tests.client import HTMX, read_csv
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture(autouse=True)
def admin(frozen: TimeMachineFixture, client: FlaskClient, sign_in: SignIn) -> User:  # noqa: ARG001 a session of then
    admin = make.user(role="admin", username="root")
    sign_in(client, admin)
    return admin


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html))).strip()


def rows(answer: TestResponse, table: int = 0) -> list[str]:
    """The rows of a table, each as its words."""
    found = re.findall(r"<tbody>(.*?)</tbody>", answer.text, re.DOTALL)
    return [words(each) for each in re.findall(r"<tr.*?</tr>", found[table], re.DOTALL)] if found[table:] else []


def address(bonus: Bonus) -> str:
    return f"/admin/promotions/{bonus.id}/claims"


def latest() -> MemberPromotion:
    db.session.rollback()
    found = db.session.scalar(select(MemberPromotion).order_by(MemberPromotion.id.desc()))
    assert found is not None
    return found


def test_each_claim_tells_how_far_it_is(client: FlaskClient) -> None:
    bonus = make.bonus(turnover_requirement=1, max_withdraw=60)
    ada, ben = make.user(username="ada", display_name="Ada L."), make.user(username="ben")
    make.deposit(ada, 10_000, bonus)
    make.deposit(ben, 10_000, bonus)
    make.played(ada, 5_000)
    make.played(ben, 20_000)
    answer = client.get(address(bonus))
    of_ben, of_ada = rows(answer)
    assert of_ada.startswith("AL Ada L. ada ")
    assert "Deposit of $100.00 Mar 2, 2026, 12:00 PM $100.00 Active Cancel" in of_ada
    assert "Turnover $50.00 of $200.00" in of_ada
    assert "$60.00 released $40.00 lapsed Completed" in of_ben
    assert "All 2 Active 1 Completed 1 Cancelled 0" in words(answer.text)
    assert re.search(r'<progress[^>]* value="5000" max="20000"', answer.text)


def test_turnover_that_was_refunded_after_the_release_is_flagged(client: FlaskClient) -> None:
    bonus, ada = make.bonus(turnover_requirement=1), make.user()
    make.deposit(ada, 1_000, bonus)
    invoice = make.paid_invoice(person=ada.person, price_cents=2_000)
    number = orders.get(invoice.id).number
    assert "refunded after the release" not in client.get(address(bonus)).text
    with unit_of_work():
        orders.refund(number, None, key="refund-of-all-of-it", actor=SYSTEM, now=make.NOW)
    assert "$20.00 of its turnover was refunded after the release" in rows(client.get(address(bonus)))[0]


def test_claims_are_searched_filtered_and_turned_over(client: FlaskClient) -> None:
    bonus = make.bonus(turnover_requirement=1)
    for number in range(22):
        make.deposit(make.user(username=f"client-{number:02}"), 1_000, bonus)
    assert [len(rows(client.get(f"{address(bonus)}?page={number}", headers=HTMX))) for number in (1, 2)] == [20, 2]
    found = rows(client.get(f"{address(bonus)}?q=client-07"))
    assert len(found) == 1
    assert "client-07" in found[0]
    client.post(f"/admin/claims/{latest().id}/cancel")
    assert len(rows(client.get(f"{address(bonus)}?status=cancelled"))) == 1
    assert "No claim fits" in client.get(f"{address(bonus)}?status=completed").text


def test_the_list_asks_no_more_of_the_database_the_more_there_are(client: FlaskClient) -> None:
    path = address(make.referral(turnover_requirement=1))

    def statements() -> int:
        with count_statements() as sent:
            client.get(path)
        return len(sent)

    for number in range(2):
        make.deposit(make.user(referred_by_id=make.user().id), 1_000 + number)
    few = statements()
    for number in range(4):
        make.deposit(make.user(referred_by_id=make.user().id), 1_000 + number)
    assert statements() == few


def test_claims_are_exported_as_they_are_shown(client: FlaskClient) -> None:
    bonus = make.bonus(turnover_requirement=1, max_withdraw=60)
    ada, ben = make.user(username="ada", email="ada@example.com"), make.user(username="ben")
    make.deposit(ada, 10_000, bonus)
    make.deposit(ben, 10_000, bonus)
    make.played(ada, 20_000, now=make.NOW + timedelta(minutes=5))
    first, second = read_csv(client, f"{address(bonus)}.csv")
    assert (first["username"], first["email"], first["status"]) == ("ada", "ada@example.com", "completed")
    assert (first["deposit"], first["bonus"], first["required_turnover"]) == ("100.00", "100.00", "200.00")
    assert (first["turnover"], first["released"], first["lapsed"]) == ("200.00", "60.00", "40.00")
    assert first["over_at"] == "2026-03-02T12:05:00+00:00"
    assert (second["username"], second["over_at"]) == ("ben", "")
    assert [each["username"] for each in read_csv(client, f"{address(bonus)}.csv?status=active")] == ["ben"]
    assert read_csv(client, f"{address(bonus)}.csv?q=zoe") == []


def test_a_free_credit_is_given_to_a_client(client: FlaskClient, admin: User) -> None:
    ada, credit = make.user(username="ada"), make.free_credit(turnover_requirement=1)
    answer = client.post(address(credit), data={"username": " ada "})
    assert (answer.status_code, answer.location) == (303, address(credit))
    page = client.get(address(credit))
    assert "ada has got $10.00." in page.text
    assert "Given by root" in rows(page)[0]
    assert (latest().given_by_id, balances(ada)) == (admin.id, (0, 1000))
    wanted = select(AuditEntry).where(AuditEntry.action == "bonus.given")
    assert db.session.scalars(wanted).one().actor_id == admin.id


def test_a_form_that_is_sent_twice_gives_once_and_the_next_form_gives_again(client: FlaskClient) -> None:
    ada, credit = make.user(username="ada"), make.free_credit(per_user_limit=3, turnover_requirement=1)

    def form() -> dict[str, str]:
        [key] = re.findall(r'name="key"[^>]*value="(\w+)"', client.get(address(credit)).text)
        return {"username": "ada", "key": key}

    first = form()
    for _press in range(2):
        assert client.post(address(credit), data=first).status_code == 303
    assert "This form was sent before: ada has got it once." in client.get(address(credit)).text
    assert balances(ada) == (0, 1000)
    client.post(address(credit), data=form())
    assert balances(ada) == (0, 2000)


def test_a_form_that_was_refused_can_be_sent_again(client: FlaskClient) -> None:
    credit = make.free_credit(turnover_requirement=1)
    sent = {"username": "ada", "key": "0" * 32}
    assert client.post(address(credit), data=sent).status_code == 404
    ada = make.user(username="ada")
    assert client.post(address(credit), data=sent).status_code == 303
    assert balances(ada) == (0, 1000)


def test_what_the_system_has_given_was_not_claimed_with_a_code(client: FlaskClient) -> None:
    credit, _ada, ben = make.free_credit(), make.user(username="ada"), make.user(username="ben")
    with unit_of_work():
        bonuses.give_free_credit(credit.id, "ada", actor=SYSTEM, now=make.NOW)
        bonuses.claim_free_credit(ben, make.bonus_code(credit), now=make.NOW)
    of_ben, of_ada = rows(client.get(address(credit)))
    assert "Claimed with its code" in of_ben
    assert " Given Mar 2, 2026" in of_ada


@pytest.mark.parametrize(
    ("username", "status", "sentence"),
    [
        ("", 422, "Please fill this in."),
        ("nobody", 404, "There is no active client of this username."),
        ("root", 404, "There is no active client of this username."),
        ("ada", 422, "It can't be given. The client would be told: “You have had this bonus already"),
    ],
)
def test_what_speaks_against_giving_it_is_told_at_the_field(
    client: FlaskClient, username: str, status: int, sentence: str
) -> None:
    credit = make.free_credit()
    make.given(make.user(username="ada"), credit)
    answer = client.post(address(credit), data={"username": username}, headers=HTMX)
    assert answer.status_code == status
    assert sentence in unescape(answer.text).split('id="username-error"')[1].split("</p>")[0]
    assert f'value="{username}"' in answer.text
    assert len(db.session.scalars(select(MemberPromotion)).all()) == 1


def test_only_a_free_credit_is_given_by_hand(client: FlaskClient) -> None:
    make.user(username="ada")
    for bonus in (make.bonus(), make.cashback(), make.referral()):
        assert "Give it to a client" not in client.get(address(bonus)).text
        assert client.post(address(bonus), data={"username": "ada"}).status_code == 404
    assert "Give it to a client" in client.get(address(make.free_credit())).text


def test_a_bonus_is_taken_away_once(client: FlaskClient, admin: User) -> None:
    ada, bonus = make.user(), make.bonus(turnover_requirement=5)
    claim = make.claim_of(make.deposit(ada, 10_000, bonus))
    path = f"/admin/claims/{claim.id}/cancel?status=active"
    answer = client.post(path)
    assert (answer.status_code, answer.location) == (303, f"{address(bonus)}?status=active")
    assert "Welcome was cancelled, and the bonus lapsed." in client.get(address(bonus)).text
    assert client.post(path, headers=HTMX).status_code == 200
    assert (fresh(claim).status, balances(ada)) == ("cancelled", (10_000, 0))
    row = rows(client.get(address(bonus)))[0]
    assert "$100.00 lapsed" in row
    assert "Cancelled taken away by an admin, Mar 2, 2026, 12:00 PM" in row
    wanted = select(AuditEntry).where(AuditEntry.action == "bonus.cancelled")
    assert [each.actor_id for each in db.session.scalars(wanted)] == [admin.id]
    assert faults() == []


def test_what_was_given_and_taken_away_is_logged_in_words(client: FlaskClient) -> None:
    credit, ada = make.free_credit(title="On us", turnover_requirement=1), make.user(username="ada")
    client.post(address(credit), data={"username": "ada"})
    client.post(f"/admin/claims/{latest().id}/cancel")
    page = words(client.get(f"/admin/audit?entity=member_promotion&entity_id={latest().id}").text)
    told = (
        "Client: ada",
        "Promotion: On us",
        "Bonus: $10.00",
        "Status: Active Cancelled",
        "Why: taken away by an admin",
    )
    assert [each for each in told if each not in page] == []  # databases keep them in orders of their own
    assert f"User: {ada.id}" not in page


def test_what_is_over_cannot_be_taken_away(client: FlaskClient) -> None:
    ada = make.user()
    claim = make.claim_of(make.deposit(ada, 10_000, make.bonus()))
    client.post(f"/admin/claims/{claim.id}/cancel")
    assert "This bonus is over already" in client.get("/admin").text
    assert (fresh(claim).status, balances(ada)) == ("completed", (20_000, 0))
    assert client.post("/admin/claims/999/cancel").status_code == 404


def test_of_a_referral_it_is_told_who_was_rewarded_for_whom(client: FlaskClient) -> None:
    ada, bonus = make.user(username="ada"), make.referral(friend_bonus=5)
    ben = make.user(username="ben", referred_by_id=ada.id)
    make.deposit(ben, 10_000)
    answer = client.get(address(bonus))
    of_ada, of_ben = rows(answer)
    assert "First deposit of ben" in of_ada
    assert "Brought by ada" in of_ben
    for user in (ada, ben):
        assert f'href="/admin/users/{user.id}"' in answer.text


def test_of_a_cashback_its_settled_periods_are_told(client: FlaskClient, frozen: TimeMachineFixture) -> None:
    bonus, ada, ben = make.cashback(starts_at=make.NOW - timedelta(hours=12)), make.user(), make.user()
    assert "No period is over yet" in client.get(address(bonus)).text
    make.paid_invoice(person=ada.person, price_cents=5_000)
    invoice = make.paid_invoice(person=ben.person, price_cents=5_000)
    with unit_of_work():
        orders.refund(orders.get(invoice.id).number, None, key="refund-of-all-of-it", actor=SYSTEM, now=make.NOW)
    frozen.move_to(make.NOW + timedelta(days=1))
    jobs.credit_cashback(clock.now())
    answer = client.get(address(bonus))
    assert "$50.00 spent, Mar 2, 2026" in rows(answer)[0]
    assert rows(answer, 1) == ["Mar 2, 2026 2 1 $5.00 Mar 3, 2026, 12:00 PM"]


def test_what_is_no_bonus_has_no_claims(client: FlaskClient) -> None:
    discount = make.discount()
    for path in ("claims", "claims.csv"):
        assert client.get(f"/admin/promotions/{discount.promotion_id}/{path}").status_code == 404
    assert client.post(f"/admin/promotions/{discount.promotion_id}/claims").status_code == 404
