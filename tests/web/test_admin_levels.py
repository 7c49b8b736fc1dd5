"""The ladder of levels, as admins keep it. No JavaScript here."""

import re
from collections.abc import Callable
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.kit import outbox
from app.kit.db import db
from app.kit.outbox import OutboxEvent
from app.loyalty import ladder
from app.loyalty.models import Level, XpSummary
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

LIST, NEW = "/admin/levels", "/admin/levels/create"


@pytest.fixture
def admin(client: FlaskClient, sign_in: Callable[[FlaskClient, User], None]) -> FlaskClient:
    sign_in(client, make.user(role="admin", username="robin"))
    return client


def form(**fields: Any) -> dict[str, Any]:
    return {"name": "Gold", "level_number": "1", "xp_required": "100", "icon": "crown", **fields}


def of_level(level: Level, **fields: Any) -> dict[str, Any]:
    same = {"name": level.name, "level_number": level.level_number, "xp_required": level.xp_required}
    return {**same, "icon": level.icon, "image": level.image or "", "version": level.version, **fields}


def edit(level: Level) -> str:
    return f"/admin/levels/{level.id}/edit"


def told_at(field: str, page: str) -> str:
    return page.partition(f'id="{field}-error"')[2].partition("</p>")[0]


def releveled() -> int:
    return outbox.drain(ladder.TOPIC)


def level_of(user: User) -> int:
    """The number of the level that the user stands on; 0 below the first."""
    level = db.session.get_one(XpSummary, user.id, populate_existing=True).level
    return level.level_number if level else 0


def toast(client: FlaskClient) -> str:
    told = client.get(LIST).text.partition('id="toasts"')[2].partition("<p>")[2].partition("</p>")[0]
    return unescape(told)


def test_a_level_is_made_with_a_sign_or_a_picture(admin: FlaskClient) -> None:
    assert "No levels yet" in admin.get(LIST).text
    assert admin.post(NEW, data=form()).location == LIST
    peak_form = form(name="Peak", level_number="2", xp_required="1,250")
    picture = (BytesIO(make.image_file()), "peak.png")
    assert admin.post(NEW, data=peak_form | {"picture": picture}).status_code == 303
    gold, peak = ladder.listed()
    assert (gold.name, gold.level_number, gold.xp_required, gold.icon, gold.image) == ("Gold", 1, 100, "crown", None)
    page = admin.get(LIST).text.partition('id="levels"')[2]
    assert f"/media/{peak.image}-thumb.webp" in page
    assert "#crown" in page
    assert page.index("Before the first level") < page.index("Gold") < page.index("Peak")


@pytest.mark.parametrize(
    ("required", "number", "xp"),
    [((), "1", "100"), ((50,), "2", "150"), ((50, 200), "3", "430"), ((1000, 2_000_000), "3", "5000000")],
)
def test_a_new_level_is_suggested_as_the_next_one_up(
    admin: FlaskClient, required: tuple[int, ...], number: str, xp: str
) -> None:
    make.levels(*required)
    page = admin.get(NEW).text
    assert re.search(rf'name="level_number"[^>]* value="{number}"', page)
    assert re.search(rf'name="xp_required"[^>]* value="{xp}"', page)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", " ", "Please fill this in."),
        ("name", "x" * 61, "at most 60 characters"),
        ("level_number", "", "Please fill this in."),
        ("level_number", "0", "a whole number from 1 to 1,000"),
        ("level_number", "1001", "a whole number from 1 to 1,000"),
        ("xp_required", "1000000001", "a whole number from 0 to 1,000,000,000"),
        *(
            ("xp_required", odd, "a whole number from 0 to")
            for odd in ("٣", "NaN", "1.5", "1,5", "-1", "1e3", str(2**63), "x")
        ),
        ("icon", "skull", "Please choose one of the list."),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_everything_is_kept(
    admin: FlaskClient, field: str, typed: str, sentence: str
) -> None:
    picture = (BytesIO(make.image_file()), "gold.png")
    answer = admin.post(NEW, data=form(**{field: typed, "picture": picture}))
    assert answer.status_code == 422
    assert sentence in told_at(field, answer.text)
    assert "-card.webp" in answer.text
    kept = {name: value for name, value in form(**{field: typed}).items() if name != "icon" and value.strip()}
    for name, value in kept.items():
        assert re.search(rf'name="{name}"[^>]* value="{value}"', answer.text), name
    assert ladder.listed() == []


@pytest.mark.parametrize(
    ("fields", "status", "field", "sentence"),
    [
        ({"level_number": "2", "xp_required": "500"}, 409, "level_number", "Another level has this number."),
        ({"level_number": "9", "xp_required": "600"}, 409, "xp_required", "Another level needs exactly this XP."),
        ({"level_number": "9", "xp_required": "200"}, 422, "xp_required", "please enter at least 602"),
        ({"level_number": "1", "xp_required": "700"}, 422, "xp_required", "please enter at most 99"),
        ({"level_number": "3", "xp_required": "50"}, 422, "xp_required", "from 101 to 599 XP"),
        ({"level_number": "5", "xp_required": "50"}, 422, "xp_required", "There is no room for this number"),
    ],
)
def test_a_level_that_does_not_fit_is_told_where_it_would(
    admin: FlaskClient, fields: dict[str, str], status: int, field: str, sentence: str
) -> None:
    for number, xp in ((2, 100), (4, 600), (6, 601)):
        admin.post(NEW, data=form(name=f"At {xp}", level_number=str(number), xp_required=str(xp)))
    answer = admin.post(NEW, data=form(**fields))
    assert answer.status_code == status
    assert sentence in told_at(field, answer.text)
    assert len(ladder.listed()) == 3


def test_a_number_and_an_amount_that_are_taken_are_told_at_once(admin: FlaskClient) -> None:
    admin.post(NEW, data=form(name="First", level_number="2", xp_required="100"))
    answer = admin.post(NEW, data=form(level_number="2", xp_required="100"))
    assert answer.status_code == 409
    assert "Another level has this number." in told_at("level_number", answer.text)
    assert "Another level needs exactly this XP." in told_at("xp_required", answer.text)
    assert len(ladder.listed()) == 1


def test_an_edit_moves_everybody_in_the_background_and_says_how_many(admin: FlaskClient) -> None:
    low, high = make.levels(100, 1000)
    mia, ben, zoe = make.rich_client(150), make.rich_client(600), make.rich_client(1200)
    assert [level_of(each) for each in (mia, ben, zoe)] == [1, 1, 2]
    admin.post(edit(high), data=of_level(high, xp_required="500"))
    assert toast(admin) == "Level 2 was saved. 1 client rises."
    assert level_of(ben) == 1
    page = admin.get(LIST).text
    assert "everybody is being put on theirs" in page
    assert 'data-pulse="1000"' in page
    assert releveled() > 0
    assert [level_of(each) for each in (mia, ben, zoe)] == [1, 2, 2]
    assert "data-pulse" not in admin.get(LIST).text
    admin.post(edit(low), data=of_level(low, xp_required="200"))
    assert "1 client moves down, and keeps all XP." in toast(admin)
    releveled()
    assert level_of(mia) == 0
    assert db.session.get_one(XpSummary, mia.id).total_xp == 150


def test_the_page_that_looks_again_hears_nothing_until_something_changes(admin: FlaskClient) -> None:
    make.levels(100)
    make.rich_client(150)
    admin.post(NEW, data=form(level_number="2", xp_required="120"))
    again = re.search(r'data-url="([^"]+)"', admin.get(LIST).text)
    assert again is not None
    assert admin.get(again[1], headers=HTMX).status_code == 204
    releveled()
    part = admin.get(again[1], headers=HTMX)
    assert part.status_code == 200
    assert part.text.count('id="levels"') == 1
    assert "data-pulse" not in part.text


def test_an_edit_that_changes_nothing_moves_nobody(admin: FlaskClient) -> None:
    [level] = make.levels(100)
    assert admin.post(edit(level), data=of_level(level)).status_code == 303
    assert level.version == 1
    assert db.session.scalars(select(OutboxEvent).where(OutboxEvent.topic == "levels")).all() == []


def test_deleting_says_who_moves_down_and_onto_what(admin: FlaskClient) -> None:
    low_id, high_id = (level.id for level in make.levels(100, 500))
    mia, ben = make.rich_client(150), make.rich_client(600)
    page = admin.get(LIST).text
    assert "1 client moves down to Level 1 and keeps all XP." in page
    assert "1 client is left without a level and keeps all XP." in page
    assert page.count("keep their numbers, so there will be no level 1.") == 1
    assert "no level 2." not in page
    assert (
        admin.post(f"/admin/levels/{high_id}", data={"_method": "DELETE", "anchor": "level-1"}).location
        == f"{LIST}#level-1"
    )
    assert "Level 2 was deleted. 1 client moves down, and keeps all XP." in toast(admin)
    assert [level_of(each) for each in (mia, ben)] == [1, 1]
    assert "2 clients are left without a level" in admin.get(f"{LIST}/{low_id}/edit").text
    admin.post(f"/admin/levels/{low_id}", data={"_method": "DELETE"})
    assert [level_of(each) for each in (mia, ben)] == [0, 0]
    assert db.session.get_one(XpSummary, ben.id).total_xp == 600
    assert admin.post(f"/admin/levels/{low_id}", data={"_method": "DELETE"}).status_code == 404


def test_the_second_of_two_admins_is_told_who_changed_what(admin: FlaskClient) -> None:
    [level] = make.levels(100)
    admin.post(edit(level), data=of_level(level, name="Theirs", version=1))
    answer = admin.post(edit(level), data=of_level(level, name="Mine", xp_required="120", version=1))
    assert answer.status_code == 409
    assert "robin changed this while you had it open (Name)." in answer.text
    assert 'value="Mine"' in answer.text
    assert level.name == "Theirs"
    assert admin.post(edit(level), data=of_level(level, name="Mine", version=2)).status_code == 303
    assert level.name == "Mine"


def test_a_picture_stays_or_goes_as_the_form_says(admin: FlaskClient) -> None:
    admin.post(NEW, data=form(picture=(BytesIO(make.image_file()), "gold.png")))
    [level] = ladder.listed()
    admin.post(edit(level), data=of_level(level, name="Golden"))
    assert level.image is not None
    refused = admin.post(edit(level), data=of_level(level, xp_required="much"))
    assert f"/media/{level.image}-card.webp" in refused.text
    admin.post(edit(level), data=of_level(level, no_picture="y"))
    assert level.image is None


def test_levels_that_could_not_be_settled_are_told(admin: FlaskClient) -> None:
    admin.post(NEW, data=form())
    event = db.session.scalars(select(OutboxEvent).where(OutboxEvent.topic == "levels")).one()
    event.set_aside_at = event.created_at
    db.session.commit()
    assert "Some clients could not be put on their level." in admin.get(LIST).text


def test_what_was_changed_stands_in_the_audit_log_and_on_the_page(admin: FlaskClient) -> None:
    admin.post(NEW, data=form())
    [level] = ladder.listed()
    admin.post(edit(level), data=of_level(level, xp_required="120"))
    page = admin.get(edit(level)).text
    assert "XP needed:" in page
    assert "<del>100</del>" in page
    log = admin.get(f"/admin/audit?entity=level&entity_id={level.id}&action=level.changed").text
    assert "robin" in log
    assert f"level {level.id}" in log
    admin.post(f"/admin/levels/{level.id}", data={"_method": "DELETE"})
    actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.entity == "level").order_by(AuditEntry.id))
    assert list(actions) == ["level.created", "level.changed", "level.deleted"]


def test_the_ladder_costs_the_same_however_high_it_is(admin: FlaskClient) -> None:
    make.levels(*range(100, 3100, 100))
    make.rich_client(1000)
    with count_statements() as sent:
        assert "1 client" in admin.get(LIST).text
    assert len(sent) <= 6, sent


@pytest.mark.parametrize("role", ["client", "coach"])
def test_only_admins_keep_levels(client: FlaskClient, sign_in: Callable[..., None], role: str) -> None:
    [level] = make.levels(100)
    sign_in(client, make.user(role=role))
    for answer in (client.get(LIST), client.post(NEW, data=form()), client.get(edit(level))):
        assert answer.status_code == 403
    assert client.post(f"/admin/levels/{level.id}", data={"_method": "DELETE"}).status_code == 403
    assert len(ladder.listed()) == 1
