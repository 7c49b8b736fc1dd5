"""What an offer code has come to: offer by offer, each use of it, and why it was refused."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from time_machine import TimeMachineFixture
from werkzeug.test import TestResponse

from app.accounts import desk
from app.accounts.models import User
from app.kit.db import unit_of_work
from app.offers import holdings
from app.offers import service as offers
from app.offers.errors import CodeRefused
from app.promotions import jobs
from tests import make
from tests.client import HTMX, read_csv
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture(autouse=True)
def admin(frozen: TimeMachineFixture, client: FlaskClient, sign_in: SignIn) -> User:  # noqa: ARG001 a session of then
    admin = make.user(role="admin", username="root")
    sign_in(client, admin)
    return admin


def words(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", answer.text)))


def rows(answer: TestResponse) -> list[str]:
    """The rows of the last table, each as its words."""
    found = re.findall(r"<tr.*?</tr>", answer.text.rpartition("<tbody>")[2], re.DOTALL)
    return [re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", each))).strip() for each in found]


def test_what_a_code_has_come_to_is_told_offer_by_offer(client: FlaskClient) -> None:
    ada, ben, code = make.user(username="ada"), make.user(username="ben"), make.offer_code(usage_limit=9)
    survey, quiz = make.offer(name="Survey", payout=20), make.offer(name="Quiz", payout=50)
    for user in (ada, ben):
        make.applied(user, code)
        make.converted(user, survey)
    make.converted(ada, survey, now=make.NOW - timedelta(days=3))
    make.converted(ada, quiz)
    make.reversed_again(make.converted(ben, quiz))
    answer = client.get(f"/admin/promotions/{code.id}/offers")
    page = words(answer)
    assert "Uses 4 of 9" in page
    assert "Bonus earned $11.00 $2.75 on average" in page
    assert "Clients 2 each counted once" in page
    assert "Offers 2 that earned something" in page
    assert "Mar 2, 2026: 3, worth $9.00" in page
    assert "Feb 27, 2026: 1, worth $2.00" in page
    assert re.findall(r'<progress[^>]* value="(\d)" max="(\d)"', answer.text) == [("3", "4"), ("1", "4")]
    assert 'class="chart-most" aria-hidden="true">3</p>' in answer.text
    assert rows(answer) == ["Survey 3 uses 75% $6.00 2", "Quiz 1 use 25% $5.00 1"]
    assert f'href="/admin/promotions/{code.id}/applications?offer={quiz.id}"' in answer.text


def test_a_code_with_many_offers_is_turned_over(client: FlaskClient) -> None:
    user, code = make.user(), make.offer_code()
    make.applied(user, code)
    for number in range(22):
        make.converted(user, make.offer(name=f"Offer {number:02}"))
    address = f"/admin/promotions/{code.id}/offers"
    assert [len(rows(client.get(f"{address}?page={number}", headers=HTMX))) for number in (1, 2, 9)] == [20, 2, 2]
    assert "1\u201320 of 22" in words(client.get(address))


def test_each_use_stands_there_and_leads_to_whom_it_is_about(client: FlaskClient) -> None:
    ada = make.user(username="ada", display_name="Ada L.", email="ada@example.com")
    code = make.offer_code()
    make.applied(ada, code)
    make.converted(ada, make.offer(name="Survey"), conversion_id="partner:7")
    answer = client.get(f"/admin/promotions/{code.id}/applications")
    assert rows(answer) == [
        "AL Ada L. ada ada@example.com Survey Mar 2, 2026, 12:00\u202fPM $2.00 partner:7".replace("\u202f", " ")
    ]
    assert f'href="/admin/users/{ada.id}"' in answer.text


def test_times_are_those_of_the_reader(client: FlaskClient, sign_in: SignIn) -> None:
    ada, code = make.user(), make.offer_code()
    make.applied(ada, code)
    make.converted(ada, make.offer())
    sign_in(client, make.user(role="admin", timezone="Asia/Tokyo"))
    address = f"/admin/promotions/{code.id}/applications"
    assert "Mar 2, 2026, 9:00" in words(client.get(address))
    assert read_csv(client, f"{address}.csv")[0]["applied_at"] == "2026-03-02T21:00:00+09:00"


def test_uses_are_searched_filtered_and_turned_over(client: FlaskClient) -> None:
    ada, ben, code = make.user(username="ada"), make.user(username="ben"), make.offer_code()
    survey, quiz = make.offer(name="Survey"), make.offer(name="Quiz")
    for user in (ada, ben):
        make.applied(user, code)
        make.converted(user, quiz, conversion_id=f"quiz-{user.username}")
    for number in range(20):
        make.converted(ada, survey, conversion_id=f"survey-{number}")
    address = f"/admin/promotions/{code.id}/applications"
    for query, count in (
        ("", 20),
        ("page=2", 2),
        ("q=BEN", 1),
        (f"offer={quiz.id}", 2),
        (f"offer={quiz.id}&q=ada", 1),
        ("q=survey-1", 11),
        ("offer=nonsense", 20),
    ):
        for headers in ({}, HTMX):
            assert len(rows(client.get(f"{address}?{query}", headers=headers))) == count, query
    page = unescape(client.get(f"{address}?offer={quiz.id}&q=a").text)
    assert f'<option value="{quiz.id}" selected>Quiz</option>' in page
    assert f'href="{address}.csv?q=a&offer={quiz.id}"' in page
    assert [each["conversion_id"] for each in read_csv(client, f"{address}.csv?offer={quiz.id}")] == [
        "quiz-ada",
        "quiz-ben",
    ]
    for query in ("q=zoe", "offer=999"):
        assert "No application fits" in client.get(f"{address}?{query}").text


def test_the_filter_is_kept_while_one_turns_over(client: FlaskClient) -> None:
    ada, code, survey = make.user(), make.offer_code(), make.offer()
    make.applied(ada, code)
    for _each in range(21):
        make.converted(ada, survey)
    page = unescape(client.get(f"/admin/promotions/{code.id}/applications?offer={survey.id}").text)
    assert f"applications?offer={survey.id}&page=2" in page


def test_a_file_of_the_uses_can_do_no_harm(client: FlaskClient) -> None:
    ada, code = make.user(username="ada", email="ada@example.com"), make.offer_code()
    make.applied(ada, code)
    make.converted(ada, make.offer(name="=1+1"), conversion_id="@SUM(1)")
    (row,) = read_csv(client, f"/admin/promotions/{code.id}/applications.csv")
    assert row == {
        "username": "ada",
        "email": "ada@example.com",
        "offer": "'=1+1",
        "applied_at": "2026-03-02T12:00:00+00:00",
        "bonus": "2.00",
        "conversion_id": "'@SUM(1)",
    }


def test_before_anything_happened_the_pages_say_what_will_be_there(client: FlaskClient) -> None:
    code = make.offer_code()
    assert "Nobody has earned a bonus yet" in client.get(f"/admin/promotions/{code.id}/offers").text
    page = client.get(f"/admin/promotions/{code.id}/applications").text
    assert "It was not used yet" in page
    assert "Download CSV" not in page


def test_only_offer_codes_have_these_pages_and_only_admins_see_them(client: FlaskClient, sign_in: SignIn) -> None:
    code, discount = make.offer_code(), make.discount()
    for tab, icon in (
        ("offers", True),
        ("applications", True),
        ("people", True),
        ("progress", False),
        ("grants", False),
    ):
        shown = f'href="/admin/promotions/{code.id}/{tab}"' in client.get(f"/admin/promotions/{code.id}").text
        assert shown is icon, tab
        listed = f'href="/admin/promotions/{code.id}/{tab}"' in client.get("/admin/promotions?kind=offer").text
        assert listed is icon, tab
    of_discount = client.get(f"/admin/promotions/{discount.id}").text
    for tab in ("offers", "applications", "applications.csv"):
        assert f"/admin/promotions/{discount.id}/{tab}" not in of_discount
        assert client.get(f"/admin/promotions/{discount.id}/{tab}").status_code == 404
        assert client.get(f"/admin/promotions/999/{tab}").status_code == 404
    sign_in(client, make.user(role="coach"))
    for tab in ("offers", "applications", "applications.csv"):
        assert client.get(f"/admin/promotions/{code.id}/{tab}").status_code == 403


def test_the_pages_cost_as_many_statements_with_one_use_as_with_many(client: FlaskClient) -> None:
    user, code = make.user(), make.offer_code()
    make.applied(user, code)
    costs = []
    for uses in (1, 25):
        for _each in range(uses):
            make.converted(user, make.offer())
        for tab, most in (("offers", 4), ("applications", 4), ("applications.csv", 2), ("explain", 5)):
            address = f"/admin/promotions/{code.id}/{tab}"
            client.get(address)
            with count_statements() as sent:
                assert client.get(address).status_code == 200
            assert len(sent) <= most, (tab, str(sent))
            costs.append((tab, len(sent)))
    assert costs[:4] == costs[4:]


def test_whose_name_was_taken_has_no_mail_address(client: FlaskClient) -> None:
    ada, code = make.user(username="ada"), make.offer_code(code="TENTH")
    make.applied(ada, "TENTH")
    make.converted(ada, make.offer())
    with unit_of_work():
        desk.anonymise(ada.id, actor=make.SYSTEM, now=make.NOW)
    address = f"/admin/promotions/{code.id}/applications"
    assert "@invalid" not in client.get(address).text
    [row] = read_csv(client, f"{address}.csv")
    assert (row["username"], row["email"]) == (f"gone:{ada.id}", "")


def test_explain_asks_for_an_offer_and_its_payout(client: FlaskClient) -> None:
    survey, quiz = make.offer(name="Survey", external_id="s-1", payout=30), make.offer(name="Quiz", external_id="q-1")
    hours = {"enabled": True, "start_time": "09:00", "end_time": "16:59", "timezone": "Europe/Riga"}
    code = make.offer_code(min_amount=5, applicable_offers=[survey.id], active_hours=hours)
    make.applied(make.user(username="ada"), code)
    address = f"/admin/promotions/{code.id}/explain"
    form = client.get(address)
    assert "Payout" in words(form)
    for name in ("bought", "price", "category"):
        assert f'name="{name}"' not in form.text, name
    good = words(client.get(address, query_string={"person": "ada", "offer": "s-1"}))
    assert "It applies: $3.00 bonus" in good
    assert "For ada (an account), Survey, $30.00" in good
    assert "The payout must be at least $5.00, and is $30.00." in good
    assert "Open from 09:00 through 16:59 (Europe/Riga)" in good
    assert "Only for Survey." in good
    other = words(client.get(address, query_string={"person": "ada", "offer": "q-1"}))
    assert "The client is told: “This code is not for this offer.”" in other
    assert "Only for Survey. This offer is none of them." in other
    assert quiz.name in other
    little = words(client.get(address, query_string={"person": "ada", "amount": "4.50"}))
    assert "“This code is for offers that pay at least $5.00.”" in little
    assert "$0.50 is missing." in little
    odd = client.get(address, query_string={"amount": "NaN"})
    assert '">Payout</a>: Please give a number such as 12.50.' in odd.text
    unknown = client.get(address, query_string={"offer": "nothing"})
    assert unknown.status_code == 422
    assert "We don't know this offer." in words(unknown)


def test_explain_says_that_only_a_code_on_the_account_pays(client: FlaskClient) -> None:
    ada, survey = make.user(username="ada"), make.offer(external_id="s-1")
    code = make.offer_code(code="EXTRA", applicable_offers=[make.offer().id])
    make.user(username="coach", role="coach")
    address = f"/admin/promotions/{code.id}/explain"
    for name in ("ada", "coach"):
        answer = words(client.get(address, query_string={"person": name, "offer": "s-1"}))
        assert "It doesn't apply The client is told: “This code is not on your account." in answer, name
        told = "This decides Only for clients who have it on their account. This is none of them."
        assert f"On their account {told}" in answer, name
    make.applied(ada, "EXTRA")
    answer = words(client.get(address, query_string={"person": "ada", "offer": "s-1"}))
    assert "On their account Only for clients who have it on their account. Meant" in answer
    assert "“This code is not for this offer.”" in answer
    assert survey.name in answer
    with unit_of_work():
        offers.remove(ada, holdings.codes_of(ada, make.NOW)[0].id, now=make.NOW)
    assert "not on your account" in words(client.get(address, query_string={"person": "ada"}))
    assert "none of them" not in words(client.get(address, query_string={"amount": "20"}))


def test_explain_says_that_a_code_would_give_nothing(client: FlaskClient) -> None:
    code = make.offer_code(code="TENTH")
    make.applied(make.user(username="ada"), "TENTH")
    for payout in ("0", "0.04"):
        answer = client.get(f"/admin/promotions/{code.id}/explain", query_string={"person": "ada", "amount": payout})
        assert "It applies, but would give nothing" in words(answer), payout
        assert "$0.00 bonus" not in words(answer), payout


def test_refused_attempts_are_shown_without_what_only_a_conversion_is_asked(client: FlaskClient) -> None:
    ada = make.user(username="ada")
    tomorrow, only = make.NOW + timedelta(days=1), [make.offer().id]
    code = make.offer_code(code="SOON", min_amount=5, starts_at=tomorrow, applicable_offers=only)
    with pytest.raises(CodeRefused):
        make.applied(ada, code)
    jobs.write_attempts(make.NOW)
    answer = client.get(f"/admin/promotions/{code.id}/attempts")
    page = words(answer)
    assert "Before its start Mar 2, 2026, 12:00 PM ada · SOON" in page.replace("\u202f", " ")
    assert "Pays enough" not in page
    assert "$0.00" not in page
    link = unescape(re.findall(r'href="([^"]*explain\?[^"]*)"', answer.text)[0])
    assert "amount" not in link
    assert "“This code starts on March 3, 2026" in words(client.get(link))


def test_a_switched_off_code_is_explained_by_the_rule_that_decides(client: FlaskClient) -> None:
    code = make.offer_code(is_active=False)
    page = words(client.get(f"/admin/promotions/{code.id}/explain?person=root"))
    assert "Switched on This decides It is switched off." in page
    assert "Every offer counts." in page
