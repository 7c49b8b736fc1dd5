"""The admins' desk for promotions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.config import settings
from app.discounts import service as discounts
from app.discounts.models import Discount
from app.errors import NotFound
from app.kit.db import unit_of_work
from app.promotions import editing
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]
DAY = timedelta(days=1)
TYPED = {
    "title": "Design week",
    "code": " design20 ",
    "discount_type": "percentage",
    "discount_value": "20",
    "is_active": "y",
    "auto_deactivate_on_max_uses": "y",
    "opens_at": "00:00",
    "closes_at": "23:59",
    "hours_timezone": "UTC",
    "display_order": "0",
}


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> User:
    admin = make.user(role="admin", username="root")
    sign_in(client, admin)
    return admin


def only() -> Discount:
    return discounts.listing(now=datetime.now(UTC)).items[0]


def fields() -> dict[str, Any]:
    return discounts.fields_of(only())


def create(client: FlaskClient, **typed: Any) -> Any:
    return client.post("/admin/promotions/new", data=TYPED | typed)


@pytest.mark.parametrize("role", ["coach", "client"])
def test_nobody_else_comes_in(client: FlaskClient, sign_in: SignIn, role: str) -> None:
    made = make.discount()
    sign_in(client, make.user(role=role))
    assert client.get("/admin/promotions").status_code == 403
    assert create(client).status_code == 403
    assert client.delete(f"/admin/promotions/{made.id}").status_code == 403
    assert client.post(f"/admin/promotions/{made.id}/active", data={"is_active": "0"}).status_code == 403


@pytest.mark.usefixtures("admin")
def test_a_code_is_made_from_what_was_typed(client: FlaskClient) -> None:
    make.category("design")
    answer = create(
        client,
        max_discount="50",
        min_amount="12.50",
        usage_limit="100",
        per_user_limit="",
        applicable_categories=["design"],
        has_hours="y",
        opens_at="22:00",
        closes_at="02:00",
        weekdays=["5", "6"],
    )
    assert (answer.status_code, answer.location) == (303, "/admin/promotions?kind=discount")
    kept = fields()
    assert (kept["code"], kept["discount_value"], kept["max_discount"], kept["min_amount"]) == (
        "DESIGN20",
        20,
        50,
        12.5,
    )
    assert (kept["usage_limit"], kept["per_user_limit"], kept["applicable_categories"]) == (100, None, ["design"])
    assert kept["active_hours"] == {
        "enabled": True,
        "start_time": "22:00",
        "end_time": "02:00",
        "timezone": "UTC",
        "weekdays": [5, 6],
    }
    assert "Design week was created." in client.get("/admin/promotions").text


@pytest.mark.usefixtures("admin")
def test_dates_are_in_the_zone_of_the_installation_and_a_bare_end_is_the_midnight_after(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(settings(), timezone="Europe/Riga"))
    create(client, starts_on="2026-03-01", ends_on="2026-03-28")
    kept = fields()
    assert kept["starts_at"] == datetime(2026, 2, 28, 22, tzinfo=UTC)
    assert kept["ends_at"] == datetime(2026, 3, 28, 22, tzinfo=UTC)
    page = client.get(f"/admin/promotions/{only().id}").text
    assert "Dates are in the zone of this installation: Europe/Riga." in page
    assert 'value="2026-03-01"' in page
    assert 'value="2026-03-28"' in page
    create(client, code="TIMED", ends_on="2026-03-29", ends_time="04:30")
    assert fields()["ends_at"] == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.usefixtures("admin")
def test_all_that_is_wrong_is_told_at_once(client: FlaskClient) -> None:
    make.discount(code="DESIGN20")
    wrong = {"discount_value": "", "usage_limit": "0", "ends_on": "soon"}
    answer = client.post("/admin/promotions/new?kind=discount", data=TYPED | wrong)
    assert answer.status_code == 422
    for name in ("code", "discount_value", "usage_limit", "ends_on"):
        assert f'id="{name}-error"' in answer.text, name


@pytest.mark.usefixtures("admin")
def test_a_code_that_is_taken_is_told_at_its_field_and_nothing_typed_is_lost(client: FlaskClient) -> None:
    make.discount(code="DESIGN20")
    for headers in ({}, HTMX):
        answer = client.post("/admin/promotions/new", data=TYPED | {"min_amount": "7.77"}, headers=headers)
        assert answer.status_code == 409
        assert 'aria-describedby="code-hint code-error"' in answer.text
        assert "Another promotion has this code. Please choose another one." in answer.text
        assert 'value="Design week"' in answer.text
        assert 'value="7.77"' in answer.text
        assert ("<html" in answer.text) is (headers == {})
    assert discounts.listing(now=make.NOW).total == 1


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"title": ""}, "title", "Please fill this in."),
        ({"code": "no spaces"}, "code", "Please use only letters A to Z, digits, _ and -."),
        ({"discount_value": "120"}, "discount_value", "A percentage can't be more than 100."),
        ({"discount_value": "ten"}, "discount_value", "Please give a number such as 12.50."),
        ({"usage_limit": "0"}, "usage_limit", "A limit is at least 1. Leave it empty for no limit."),
        ({"starts_on": "2026-03-02", "ends_on": "2026-03-01"}, "ends_on", "The end must be after the start."),
        ({"ends_on": "9999-12-31"}, "ends_on", "Please give a year from 1970 to 8999."),
        ({"ends_on": "soon"}, "ends_on", "Please enter a date such as 2026-03-01."),
        ({"has_hours": "y", "hours_timezone": "Mars"}, "hours_timezone", "We don't know this time zone."),
        ({"has_hours": "y", "opens_at": "25:00"}, "opens_at", "Please give a time from 00:00 to 23:59."),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    client: FlaskClient, typed: dict[str, str], field: str, sentence: str
) -> None:
    answer = create(client, **typed)
    assert answer.status_code in {400, 422}
    error = unescape(answer.text).split(f'id="{field}-error"')[1].split("</p>")[0]
    assert sentence in error


@pytest.mark.usefixtures("admin")
def test_the_second_of_two_editors_sees_both_and_may_save_over_it(client: FlaskClient) -> None:
    made = make.discount(code="TEN", title="Ten off")
    first = TYPED | {"code": "TEN", "title": "First", "discount_value": "10", "version": "1"}
    assert client.post(f"/admin/promotions/{made.id}", data=first).status_code == 303
    second = first | {"title": "Second", "usage_limit": "9"}
    answer = client.post(f"/admin/promotions/{made.id}", data=second)
    page = unescape(answer.text)
    assert answer.status_code == 409
    assert "root changed this while you were editing: Title" in page
    assert '<th scope="row">Title</th><td>First</td><td>Second</td>' in page
    assert 'value="9"' in page
    assert 'name="version" type="hidden" value="2"' in page
    assert client.post(f"/admin/promotions/{made.id}", data=second | {"version": "2"}).status_code == 303
    assert (fields()["title"], fields()["usage_limit"]) == ("Second", 9)


@pytest.mark.usefixtures("admin")
def test_what_only_the_first_editor_changed_is_taken_over_by_the_second(client: FlaskClient) -> None:
    made = make.discount(code="TEN", title="Ten off", usage_limit=5)
    opened = TYPED | {"code": "TEN", "title": "Ten off", "discount_value": "10", "usage_limit": "5", "version": "1"}
    ends_at = make.NOW.replace(year=2031, month=1, day=1, hour=0)
    with unit_of_work():
        fields_of_the_first = {"is_active": False, "image": "new.webp", "ends_at": ends_at}
        discounts.update(made.id, fields_of_the_first, actor=make.SYSTEM, now=make.NOW)
    second = opened | {"title": "Mine", "is_active": "y"}
    answer = client.post(f"/admin/promotions/{made.id}", data=second)
    page = unescape(answer.text)
    assert answer.status_code == 409
    assert "<caption>" not in page  # nothing that both have changed
    assert 'value="Mine"' in page
    assert 'name="image" type="hidden" value="new.webp"' in page
    assert 'value="2030-12-31"' in page
    assert "checked" not in page.split('id="is_active"')[1].split(">")[0]


@pytest.mark.usefixtures("admin")
def test_what_is_out_of_sight_counts_for_nothing(client: FlaskClient) -> None:
    hidden = {"max_discount": "abc", "discount_type": "fixed", "hours_timezone": "Mars/X", "opens_at": "99:99"}
    assert create(client, **hidden).status_code == 303
    assert (fields()["max_discount"], fields()["active_hours"]["timezone"]) == (None, "UTC")


@pytest.mark.usefixtures("admin")
def test_a_time_without_its_day_is_told_not_dropped(client: FlaskClient) -> None:
    answer = create(client, starts_time="10:00")
    assert answer.status_code == 422
    assert "Please choose the day too." in answer.text.split('id="starts_on-error"')[1].split("</p>")[0]
    assert 'value="10:00"' in answer.text


@pytest.mark.usefixtures("admin")
def test_plain_text_becomes_paragraphs_and_plain_text_again(client: FlaskClient) -> None:
    assert create(client, description="Tea & cake\r\ntoday\r\n\r\nBring a friend").status_code == 303
    assert fields()["description"] == "<p>Tea &amp; cake<br>today</p><p>Bring a friend</p>"
    made = discounts.listing(now=make.NOW).items[0]
    assert "Tea & cake\ntoday\n\nBring a friend</textarea>" in unescape(client.get(f"/admin/promotions/{made.id}").text)


@pytest.mark.usefixtures("admin")
def test_a_cap_of_nothing_is_a_cap_and_stays_one(client: FlaskClient) -> None:
    made = make.discount(code="TEN", max_discount=0)
    assert 'id="max_discount"' in client.get(f"/admin/promotions/{made.id}").text
    typed = TYPED | {"code": "TEN", "discount_value": "10", "max_discount": "0.00", "version": "1"}
    client.post(f"/admin/promotions/{made.id}", data=typed)
    assert fields()["max_discount"] == 0


@pytest.mark.usefixtures("admin")
def test_saving_leads_back_to_the_list_as_it_was_looked_at(client: FlaskClient) -> None:
    made = make.discount(code="TEN")
    saved = client.post(
        f"/admin/promotions/{made.id}?q=ten&status=active&page=2",
        data=TYPED | {"code": "TEN", "version": "1"},
    )
    assert saved.location == "/admin/promotions?q=ten&status=active&page=2"
    assert "q=ten&status=active" in unescape(client.get("/admin/promotions?q=ten&status=active").text)


@pytest.mark.usefixtures("admin")
def test_a_page_without_a_version_overwrites_nobody(client: FlaskClient) -> None:
    made = make.discount(code="TEN")
    assert client.post(f"/admin/promotions/{made.id}", data=TYPED).status_code == 409
    assert fields()["code"] == "TEN"


@pytest.mark.usefixtures("admin")
def test_a_promotion_is_switched_off_and_on_in_the_list_that_one_looks_at(client: FlaskClient) -> None:
    made = make.discount(title="Spring")
    make.discount(title="Autumn")
    for wanted, told, status in (
        ("0", "Spring is switched off.", "inactive"),
        ("1", "Spring is switched on.", "active"),
    ):
        address = f"/admin/promotions/{made.id}/active?q=spring"
        answer = client.post(address, data={"is_active": wanted}, headers=HTMX)
        assert told in answer.headers["HX-Trigger"]
        assert ("Spring" in answer.text, "Autumn" in answer.text) == (True, False)
        assert discounts.get(made.id).promotion.status(datetime.now(UTC)) == status
    plain = client.post(f"/admin/promotions/{made.id}/active?q=spring&status=active", data={"is_active": "0"})
    assert (plain.status_code, plain.location) == (303, "/admin/promotions?q=spring&status=active")


@pytest.mark.usefixtures("admin")
def test_what_has_ended_is_not_switched_on_but_told_what_to_change(client: FlaskClient) -> None:
    made = make.discount(ends_at=make.NOW, is_active=False)
    client.post(f"/admin/promotions/{made.id}/active", data={"is_active": "1"})
    assert "Its end has passed. Choose a later end first." in client.get("/admin/promotions").text
    assert discounts.get(made.id).promotion.is_active is False


@pytest.mark.usefixtures("admin")
def test_an_unused_promotion_is_deleted_and_a_used_one_archived(client: FlaskClient) -> None:
    unused, used = make.discount(title="Unused").id, make.discount(title="Used", code="USED").id
    make.use("USED")
    assert client.post(f"/admin/promotions/{unused}", data={"_method": "DELETE"}).status_code == 303
    with pytest.raises(NotFound):
        discounts.get(unused)
    client.delete(f"/admin/promotions/{used}")
    page = client.get("/admin/promotions").text
    assert "Unused was deleted." in page
    assert "Used was used before, so it was archived." in page
    archived = client.get("/admin/promotions?status=archived")
    assert "USED" in archived.text
    shown = client.get(f"/admin/promotions/{used}").text
    assert "This promotion is archived and stays as it is." in shown


@pytest.mark.usefixtures("admin")
def test_the_list_is_searched_filtered_and_turned(client: FlaskClient) -> None:
    for number in range(14):
        make.discount(title=f"Weekday {number}", is_active=number != 3)
    make.discount(title="Night", code="OWLS")
    assert client.get("/admin/promotions").text.count('class="card promo"') == 12
    assert client.get("/admin/promotions?page=2").text.count('class="card promo"') == 3
    for query, shown in (
        ("q=owl", 1),
        ("q=weekday", 12),
        ("status=inactive", 1),
        ("q=nothing", 0),
        ("status=nope", 12),
    ):
        answer = client.get(f"/admin/promotions?{query}", headers=HTMX)
        assert answer.text.count('class="card promo"') == shown, query
        assert answer.text.startswith('<section class="stack" id="promotions"')


@pytest.mark.usefixtures("admin")
def test_the_page_of_a_promotion_shows_its_figures_and_who_changed_what(client: FlaskClient) -> None:
    made = make.discount(code="TEN", title="Ten off", usage_limit=5)
    make.use("TEN")
    client.post(f"/admin/promotions/{made.id}", data=TYPED | {"code": "TEN", "discount_value": "15", "version": "1"})
    page = " ".join(unescape(client.get(f"/admin/promotions/{made.id}").text).split())
    assert "$2.00" in page
    assert "<strong>root</strong> changed it" in page
    assert '<span class="muted">Value:</span> <del>10</del>' in page
    assert editing.history(made.id)[0].action == "promotion.changed"


@pytest.mark.usefixtures("admin")
def test_seconds_that_the_form_does_not_show_survive_it(client: FlaskClient) -> None:
    starts_at = make.NOW + timedelta(seconds=42, microseconds=7)
    made = make.discount(code="TEN", starts_at=starts_at)
    typed = TYPED | {"code": "TEN", "version": "1", "starts_on": "2026-03-02", "starts_time": "12:00"}
    assert client.post(f"/admin/promotions/{made.id}", data=typed).status_code == 303
    assert fields()["starts_at"] == starts_at


@pytest.mark.usefixtures("admin")
def test_a_field_is_checked_as_soon_as_it_is_left_and_nothing_is_kept(client: FlaskClient) -> None:
    made = make.discount(code="TEN")

    def checked(field: str, promotion_id: int | str = "", **typed: str) -> str:
        address = f"/admin/promotions/check?kind=discount&promotion_id={promotion_id}"
        answer = client.post(address, data=TYPED | typed, headers=HTMX | {"HX-Trigger-Name": field})
        assert answer.status_code == 200
        assert answer.text.count('class="field ') == 1
        return unescape(answer.text)

    assert "Another promotion has this code." in checked("code", code="ten")
    assert "Another promotion has this code." not in checked("code", made.id, code="ten")
    assert "The end must be after the start." in checked("ends_on", starts_on="2026-03-09", ends_on="2026-03-01")
    fine = checked("usage_limit", code="ten", usage_limit="7")
    assert 'value="7"' in fine
    assert "field-error" not in fine
    assert client.post("/admin/promotions/check?kind=discount", data=TYPED).status_code == 404
    assert discounts.listing(now=make.NOW).total == 1


@pytest.mark.usefixtures("admin")
def test_there_is_nothing_at_other_addresses(client: FlaskClient) -> None:
    assert client.get("/admin/promotions/999").status_code == 404
    assert client.get("/admin/promotions/new?kind=nope").status_code == 404


@pytest.mark.usefixtures("admin")
def test_the_list_takes_seven_statements_whatever_its_length(client: FlaskClient) -> None:
    for _ in range(12):
        make.discount()
    client.get("/admin/promotions")
    with count_statements() as sent:
        client.get("/admin/promotions")
    assert len(sent) <= 7, sent
