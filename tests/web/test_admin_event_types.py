"""What earns XP, and how often, as admins keep it. No JavaScript here."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.kit.db import db, unit_of_work
from app.loyalty import event_types
from app.loyalty.models import EventType, XpSummary
from app.web.admin.event_type_words import TRIGGERS
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

LIST, NEW = "/admin/xp-event-types", "/admin/xp-event-types/create"


@pytest.fixture
def admin(client: FlaskClient, sign_in: Callable[[FlaskClient, User], None]) -> FlaskClient:
    sign_in(client, make.user(role="admin", username="robin"))
    return client


def form(**fields: Any) -> dict[str, Any]:
    values = {"name": "Meal", "description": "", "xp_amount": "5", "points_amount": "3", "is_active": "y"}
    return {**values, "cooldown_hours": "", "daily_limit": "", **fields}


def edit(of: EventType) -> str:
    return f"{LIST}/{of.id}/edit"


def without(key: str) -> None:
    """An installation in which nobody has made this type."""
    with unit_of_work():
        db.session.execute(delete(EventType).where(EventType.key == key))


def told_at(field: str, page: str) -> str:
    return page.partition(f'id="{field}-error"')[2].partition("</p>")[0]


def row_of(page: str, name: str) -> str:
    """What a row of the list says."""
    [row] = [each for each in re.findall(r"<tr.*?</tr>", page, re.DOTALL) if f">{name}</a>" in each]
    return " ".join(re.sub(r"<[^>]+>", " ", row).split())


def test_every_type_tells_what_it_gives_and_how_often(admin: FlaskClient) -> None:
    make.event_type("workout_logged", cooldown_hours=6, daily_limit=3)
    make.event_type("meal_logged", daily_limit=1, cooldown_hours=24, xp_amount=1250)
    client = make.user()
    make.workout(client)
    make.workout(client, at=make.NOW - timedelta(hours=8))
    make.settled()
    page = admin.get(LIST).text
    assert "20 XP 20 points once every 6 hours, at most 3 times a day 2 times 40 XP Active" in row_of(
        page, "Workout logged"
    )
    assert "10 XP 10 points once a day Never yet Active" in row_of(page, "Daily check-in")
    assert "1,250 XP 5 points once a day Never yet" in row_of(page, "Meal logged")
    assert "100 XP 100 points every time" in row_of(page, "Programme completed")
    assert "once every 7 days" in row_of(page, "7-day streak")
    assert "once every 30 days" in row_of(page, "30-day streak")


def test_every_trigger_has_its_words() -> None:
    assert set(TRIGGERS) == set(event_types.TRIGGERS)


def test_a_change_holds_for_what_comes_next(admin: FlaskClient) -> None:
    workout, client = make.event_type(), make.user()
    make.workout(client)
    make.settled()
    changed = form(name="Training", xp_amount="35", points_amount="0", version=workout.version, key="meal_logged")
    assert admin.post(edit(workout), data=changed).location == LIST
    assert (workout.key, workout.name, workout.xp_amount, workout.version) == ("workout_logged", "Training", 35, 2)
    make.workout(client, at=make.NOW - timedelta(hours=1))
    make.settled()
    assert db.session.get_one(XpSummary, client.id).figures[:2] == (55, 20)


def test_a_cooldown_beside_a_limit_of_one_a_day_reads_well(admin: FlaskClient) -> None:
    make.event_type("workout_logged", cooldown_hours=36, daily_limit=1)
    make.event_type("meal_logged", cooldown_hours=48, daily_limit=1)
    page = admin.get(LIST).text
    assert "once every 36 hours, at most once a day" in page
    assert "once every 2 days" in page
    assert "once every 2 days," not in page


def test_an_emptied_cooldown_and_limit_are_none(admin: FlaskClient) -> None:
    checkin = make.event_type("daily_checkin", daily_limit=2)
    assert 'value="24"' in admin.get(edit(checkin)).text
    admin.post(edit(checkin), data=form(version=checkin.version))
    assert (checkin.cooldown_hours, checkin.daily_limit) == (None, None)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", " ", "Please fill this in."),
        ("name", "x" * 81, "at most 80 characters"),
        ("description", "x" * 501, "at most 500 characters"),
        ("xp_amount", "", "Please fill this in."),
        ("points_amount", "100001", "a whole number from 0 to 100,000"),
        ("cooldown_hours", "0", "a whole number from 1 to 8,784"),
        ("daily_limit", "0", "a whole number from 1 to 1,000"),
        *(("xp_amount", odd, "a whole number from 0 to 100,000") for odd in ("٣", "NaN", "1.5", "-1", str(2**63))),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_everything_is_kept(
    admin: FlaskClient, field: str, typed: str, sentence: str
) -> None:
    meal = make.event_type("meal_logged")
    answer = admin.post(edit(meal), data=form(name="Lunch", version=1) | {field: typed})
    assert answer.status_code == 422
    assert sentence in told_at(field, answer.text)
    assert 'value="Lunch"' in answer.text or field == "name"
    assert typed.strip() in answer.text
    assert (meal.name, meal.version) == ("Meal logged", 1)


def test_the_second_of_two_admins_is_told_who_changed_what(admin: FlaskClient) -> None:
    meal = make.event_type("meal_logged")
    admin.post(edit(meal), data=form(name="Theirs", points_amount="5", description=meal.description, version=1))
    answer = admin.post(edit(meal), data=form(name="Mine", version=1))
    assert answer.status_code == 409
    assert "robin changed this while you had it open (Name)." in answer.text
    assert 'value="Mine"' in answer.text
    admin.post(edit(meal), data=form(name="Mine", version=2))
    assert meal.name == "Mine"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_type_is_switched_off_and_earns_nothing(admin: FlaskClient, headers: dict[str, str]) -> None:
    workout = make.event_type()
    answer = admin.post(f"{LIST}/{workout.id}/switch", data={"is_active": "0"}, headers=headers)
    assert answer.status_code == (200 if headers else 303)
    client = make.user()
    make.workout(client)
    make.settled()
    assert db.session.get_one(XpSummary, client.id).total_xp == 0
    assert "Inactive" in row_of(admin.get(LIST).text, "Workout logged")
    back = admin.post(f"{LIST}/{workout.id}/switch", data={"is_active": "1"})
    assert back.location == f"{LIST}#event-type-{workout.id}"
    assert workout.is_active


def test_when_every_trigger_has_its_type_the_page_says_why_there_is_nothing_to_make(admin: FlaskClient) -> None:
    assert "New type" not in admin.get(LIST).text
    assert "each trigger has its type already" in admin.get(NEW).text


def test_a_type_is_made_for_a_trigger_that_has_none(admin: FlaskClient) -> None:
    without("meal_logged")
    assert "New type" in admin.get(LIST).text
    page = admin.get(NEW).text
    assert re.findall(r'<option[^>]* value="(\w+)"', page.partition("<main")[2]) == ["meal_logged"]
    answer = admin.post(NEW, data=form(key="meal_logged", xp_amount="much"))
    assert answer.status_code == 422
    assert 'value="much"' in answer.text
    assert admin.post(NEW, data=form(key="meal_logged", daily_limit="4")).location == LIST
    made = db.session.scalars(select(EventType).where(EventType.key == "meal_logged")).one()
    assert (made.name, made.xp_amount, made.points_amount, made.daily_limit) == ("Meal", 5, 3, 4)


def test_a_trigger_that_somebody_else_just_took_is_told_at_the_field(admin: FlaskClient) -> None:
    answer = admin.post(NEW, data=form(key="meal_logged", name="Mine"))
    assert answer.status_code == 409
    assert "There is a type for this trigger already." in answer.text
    without("meal_logged")
    answer = admin.post(NEW, data=form(key="daily_checkin", name="Mine"))
    assert answer.status_code == 409
    assert "There is a type for this trigger already." in told_at("key", answer.text)
    assert 'value="Mine"' in answer.text
    answer = admin.post(NEW, data=form(key="sleep_logged"))
    assert answer.status_code == 422
    assert "Please choose one of the list." in told_at("key", answer.text)


def test_what_paid_nothing_can_be_deleted(admin: FlaskClient) -> None:
    meal_id = make.event_type("meal_logged").id
    assert "Delete the type Meal logged?" in admin.get(f"{LIST}/{meal_id}/edit").text
    assert admin.post(f"{LIST}/{meal_id}", data={"_method": "DELETE"}).location == LIST
    assert "meal_logged" in event_types.free_triggers()
    assert admin.get(f"{LIST}/{meal_id}/edit").status_code == 404


def test_what_has_paid_stays_and_the_page_says_how_to_stop_it(admin: FlaskClient) -> None:
    make.workout(make.user())
    make.settled()
    workout = make.event_type()
    page = admin.get(edit(workout)).text
    assert "Delete the type" not in page
    assert "To stop it, switch it off." in page
    answer = admin.post(f"{LIST}/{workout.id}", data={"_method": "DELETE"})
    assert answer.status_code == 409
    assert "Switch it off instead." in answer.text
    assert f'action="{LIST}/{workout.id}/switch"' in answer.text
    assert workout.is_active


def test_what_was_changed_stands_in_the_audit_log_and_on_the_page(admin: FlaskClient) -> None:
    meal = make.event_type("meal_logged")
    admin.post(edit(meal), data=form(xp_amount="8", version=1))
    page = admin.get(edit(meal)).text
    assert '<span class="muted">XP:</span> <del>' in page
    assert f"/admin/audit?entity=xp_event_type&amp;entity_id={meal.id}" in page
    log = admin.get(f"/admin/audit?entity=xp_event_type&entity_id={meal.id}").text
    assert "robin" in log
    assert f"XP event type {meal.id}" in log
    admin.post(f"{LIST}/{meal.id}", data={"_method": "DELETE"})
    kept = select(AuditEntry.action).where(AuditEntry.entity == "xp_event_type").order_by(AuditEntry.id)
    assert list(db.session.scalars(kept)) == ["xp_event_type.changed", "xp_event_type.deleted"]


def test_the_list_costs_few_statements(admin: FlaskClient) -> None:
    with count_statements() as sent:
        admin.get(LIST)
    assert len(sent) <= 6, sent


@pytest.mark.parametrize("role", ["client", "coach"])
def test_only_admins_keep_types(client: FlaskClient, sign_in: Callable[..., None], role: str) -> None:
    meal = make.event_type("meal_logged")
    sign_in(client, make.user(role=role))
    for answer in (
        client.get(LIST),
        client.get(edit(meal)),
        client.post(edit(meal), data=form()),
        client.post(NEW, data=form(key="meal_logged")),
        client.post(f"{LIST}/{meal.id}/switch", data={"is_active": "0"}),
        client.post(f"{LIST}/{meal.id}", data={"_method": "DELETE"}),
    ):
        assert answer.status_code == 403
    assert (meal.is_active, meal.version) == (True, 1)
