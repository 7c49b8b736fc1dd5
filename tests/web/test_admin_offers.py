"""Offers as admins keep them: found, made, changed, switched off and deleted. No JavaScript here."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from app.offers import catalogue
from app.offers.models import Offer
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

LIST, NEW = "/admin/offers", "/admin/offers/new"


@pytest.fixture
def admin(client: FlaskClient, sign_in: Callable[[FlaskClient, User], None]) -> FlaskClient:
    sign_in(client, make.user(role="admin", username="robin"))
    return client


def form(**fields: Any) -> dict[str, Any]:
    values = {"name": "Survey", "external_id": "srv-1", "description": "", "category": "", "payout": "12.50"}
    return {**values, "url": "", "is_active": "y", **fields}


def page_of(offer: Offer) -> str:
    return f"{LIST}/{offer.id}"


def kept(offer: Offer) -> Offer:
    db.session.rollback()
    return db.session.get_one(Offer, offer.id, populate_existing=True)


def told_at(field: str, page: str) -> str:
    return page.partition(f'id="{field}-error"')[2].partition("</p>")[0]


def rows(page: str) -> list[str]:
    """What each row of the list says."""
    found = re.findall(r"<tr id.*?</tr>", page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found]


def names(page: str) -> list[str]:
    return re.findall(r'offer-name"[^>]*>([^<]+)<', page)


def test_a_list_tells_what_each_offer_has_come_to(admin: FlaskClient) -> None:
    offer, client = make.offer(name="Survey", external_id="srv-1", category="Surveys", payout=20), make.user()
    make.offer(name="Trial", external_id="trial", payout=0, is_active=False)
    make.applied(client, make.offer_code())
    make.converted(client, offer)
    make.converted(client, offer)
    make.reversed_again(make.converted(client, offer))
    survey, trial = rows(admin.get(LIST).text)
    assert survey.startswith("Survey srv-1 Surveys $20.00 2 of Survey $4.00 Active")
    assert trial.startswith("Trial trial \N{EN DASH} $0.00 0 $0.00 Inactive")


def test_offers_are_found_by_words_category_and_status(admin: FlaskClient) -> None:
    make.offer(name="Alpha survey", external_id="a-1", category="Surveys")
    make.offer(name="Beta", external_id="survey-b", category="Games", is_active=False)
    make.offer(name="100 % fun", external_id="c-1", category="Games", description="Play on")
    assert names(admin.get(LIST).text) == ["100 % fun", "Alpha survey", "Beta"]
    assert names(admin.get(f"{LIST}?q=survey").text) == ["Alpha survey", "Beta"]
    assert names(admin.get(f"{LIST}?q=0+%25+f").text) == ["100 % fun"]
    assert names(admin.get(f"{LIST}?q=play").text) == ["100 % fun"]
    assert names(admin.get(f"{LIST}?category=Games").text) == ["100 % fun", "Beta"]
    assert names(admin.get(f"{LIST}?category=Games&status=active").text) == ["100 % fun"]
    assert names(admin.get(f"{LIST}?status=inactive").text) == ["Beta"]
    part = admin.get(f"{LIST}?q=nowhere", headers=HTMX).text
    assert "No offer fits" in part
    assert "<html" not in part


def test_without_offers_the_page_says_what_they_are_for(admin: FlaskClient) -> None:
    page = admin.get(LIST).text
    assert "No offers yet" in page
    assert "All categories" not in page


def test_a_list_costs_the_same_however_long_it_is(admin: FlaskClient) -> None:
    client = make.user()
    make.converted(client, make.offer())
    with count_statements() as of_one:
        admin.get(LIST)
    for _each in range(24):
        make.converted(client, make.offer())
    with count_statements() as of_many:
        assert "20 of 25" in admin.get(LIST).text
    assert len(of_many) == len(of_one) <= 5, of_many
    assert len(names(admin.get(f"{LIST}?page=2").text)) == 5


def test_a_new_offer_is_kept_and_stands_in_the_log(admin: FlaskClient) -> None:
    given = form(url="https://example.com/go?a=1", category="Surveys", description="Answer\r\nall")
    answer = admin.post(NEW, data=given, follow_redirects=True)
    assert "Survey was created." in answer.text
    offer = db.session.scalars(select(Offer)).one()
    assert (offer.name, offer.external_id, offer.payout_cents, offer.category) == ("Survey", "srv-1", 1250, "Surveys")
    assert (offer.url, offer.description, offer.is_active) == ("https://example.com/go?a=1", "Answer\nall", True)
    assert db.session.scalars(select(AuditEntry.action).where(AuditEntry.entity == "offer")).all() == ["offer.created"]


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", " ", "Please fill this in."),
        ("name", "x" * 129, "at most 128 characters"),
        ("external_id", "", "Please fill this in."),
        ("payout", "a lot", "Please give a number such as 12.50."),
        ("payout", "-1", "less than 0"),
        ("payout", "1.005", "at most two decimals"),
        ("url", "javascript:alert(1)", "begins with https:// or http://"),
        ("url", "example.com", "begins with https:// or http://"),
        ("url", "https://", "begins with https:// or http://"),
    ],
)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_is_wrong_is_told_at_its_field_and_everything_is_kept(
    admin: FlaskClient, field: str, typed: str, sentence: str
) -> None:
    answer = admin.post(NEW, data=form(category="Rare", **{field: typed}))
    assert answer.status_code == 422
    assert sentence in told_at(field, answer.text)
    assert 'value="Rare"' in answer.text
    assert db.session.scalars(select(Offer)).all() == []


def test_a_taken_external_id_is_told_at_its_field(admin: FlaskClient) -> None:
    make.offer(external_id="taken")
    mine = make.offer(external_id="mine")
    for address in (NEW, page_of(mine)):
        answer = admin.post(address, data=form(external_id="taken", name="New name"))
        assert answer.status_code == 422
        assert "Another offer has this id already" in told_at("external_id", answer.text)
        assert 'value="New name"' in answer.text
    answer = admin.post(page_of(mine), data=form(external_id="mine", name="New name", version=mine.version))
    assert (answer.status_code, kept(mine).name) == (303, "New name")


def test_the_dialog_gets_its_part_and_goes_back_to_the_list_as_it_was(admin: FlaskClient) -> None:
    offer = make.offer(name="Survey")
    sheet = admin.get(f"{page_of(offer)}?q=sur&page=2", headers=HTMX).text
    assert 'id="offer-sheet"' in sheet
    assert "<html" not in sheet
    assert f'action="{page_of(offer)}?q=sur&amp;page=2"' in sheet
    wrong = admin.post(f"{page_of(offer)}?q=sur", data=form(name=""), headers=HTMX)
    assert (wrong.status_code, "<html" in wrong.text) == (422, False)
    saved = admin.post(f"{page_of(offer)}?q=sur", data=form(version=offer.version), headers=HTMX)
    assert (saved.status_code, saved.headers["HX-Redirect"]) == (204, f"{LIST}?q=sur")


def test_the_second_of_two_editors_hears_who_changed_what_and_loses_nothing(admin: FlaskClient) -> None:
    offer = make.offer(name="Survey")
    seen = offer.version
    with unit_of_work():
        catalogue.change(offer.id, {"payout": 30, "category": "Games"}, actor=make.SYSTEM, now=make.NOW)
    answer = admin.post(page_of(offer), data=form(name="My name", version=seen))
    assert answer.status_code == 409
    assert "system changed this while you had it open (Category, Usual payout)" in answer.text
    assert 'value="My name"' in answer.text
    assert kept(offer).name == "Survey"
    assert f'name="version" type="hidden" value="{seen + 1}"' in answer.text
    admin.post(page_of(offer), data=form(name="My name", version=seen + 1))
    assert kept(offer).name == "My name"


def test_what_only_the_first_has_changed_is_taken_over_by_the_second(admin: FlaskClient) -> None:
    offer = make.offer(name="Survey", external_id="srv-1", payout=12.5, category="Surveys")
    seen = offer.version
    for changes in ({"payout": 40}, {"url": "https://example.com/a"}):
        with unit_of_work():
            catalogue.change(offer.id, changes, actor=SYSTEM, now=make.NOW)
    typed = form(category="Surveys", description="Answer all", url="https://example.com/b", version=seen)
    answer = admin.post(page_of(offer), data=typed)
    assert answer.status_code == 409
    assert 'value="40.00"' in answer.text
    assert "Answer all" in answer.text
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.partition("You both changed these")[2]))
    assert "Link https://example.com/a https://example.com/b" in told
    assert "Usual payout 40.00 12.50" not in told
    part = admin.post(page_of(offer), data=typed, headers=HTMX).text
    assert re.search(r'id="offer-side" hx-swap-oob.*id="offer-history" hx-swap-oob.*changed it', part, re.DOTALL)
    assert answer.text.count('id="offer-side"') == 1
    admin.post(page_of(offer), data=typed | {"payout": "40.00", "version": seen + 2})
    assert (kept(offer).payout_cents, kept(offer).description) == (4000, "Answer all")


@pytest.mark.parametrize("version", ["", "0", "soon"])
def test_a_form_that_does_not_say_what_it_was_made_from_overwrites_nothing(admin: FlaskClient, version: str) -> None:
    offer = make.offer(name="Survey")
    assert admin.post(page_of(offer), data=form(name="Mine", version=version)).status_code == 409
    assert kept(offer).name == "Survey"


def test_a_switch_hides_an_offer_and_shows_it_again(admin: FlaskClient) -> None:
    offer = make.offer(name="Survey")
    switch = f"{page_of(offer)}/switch"
    part = admin.post(f"{switch}?status=active", data={"is_active": "0"}, headers=HTMX)
    assert "No offer fits" in part.text
    assert "Survey is hidden from clients." in part.headers["HX-Trigger"]
    assert not kept(offer).is_active
    answer = admin.post(f"{switch}?q=sur", data={"is_active": "1"})
    assert (answer.location, kept(offer).is_active) == (f"{LIST}?q=sur", True)
    assert admin.post(switch, data={"is_active": "perhaps"}).status_code == 422


def test_an_offer_that_nothing_refers_to_can_be_deleted(admin: FlaskClient) -> None:
    address = page_of(make.offer(name="Survey"))
    assert "Delete the offer Survey?" in admin.get(address).text
    assert "Survey was deleted." in admin.delete(address, follow_redirects=True).text
    assert db.session.scalars(select(Offer)).all() == []
    assert admin.delete(address).status_code == 404


def test_an_offer_that_was_completed_stays_and_can_be_switched_off_instead(admin: FlaskClient) -> None:
    offer = make.offer(name="Survey")
    make.reversed_again(make.converted(make.user(), offer))
    assert "Delete the offer" not in admin.get(page_of(offer)).text
    answer = admin.delete(page_of(offer))
    assert answer.status_code == 409
    assert "so it stays" in answer.text
    assert f'action="{page_of(offer)}/switch"' in answer.text
    assert kept(offer).name == "Survey"


def test_an_offer_that_a_code_is_for_alone_stays(admin: FlaskClient) -> None:
    offer = make.offer(name="Survey")
    make.offer_code(applicable_offers=[offer.id])
    answer = admin.delete(page_of(offer))
    assert answer.status_code == 409
    assert "A bonus code is for this offer alone" in answer.text
    assert "To hide it from clients, switch it off." in answer.text


def test_its_page_shows_who_changed_what(admin: FlaskClient) -> None:
    offer = make.offer(name="Survey", payout=20)
    admin.post(page_of(offer), data=form(name="Questions", external_id=offer.external_id, version=offer.version))
    history = admin.get(page_of(offer)).text.partition("History")[2]
    history = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", history))
    assert "robin changed it" in history
    assert "Name: Survey \N{RIGHTWARDS ARROW} Questions" in history
    assert "Usual payout: $20.00 \N{RIGHTWARDS ARROW} $12.50" in history
    assert "Laurel made it" in history
    assert "All of it in the audit log" in history
    assert "offer: made" in admin.get("/admin/audit").text
    assert admin.get(f"{LIST}/999999").status_code == 404
