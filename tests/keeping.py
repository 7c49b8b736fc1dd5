"""What the forms of rewards and achievements are sent with, and what their pages say."""

import re
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.kit.db import db

CARRIED = re.compile(r'name="image" type="hidden" value="([0-9a-fx-]*)"')


def reward_form(**fields: Any) -> dict[str, Any]:
    """A new reward's; `is_active=None` leaves the box unticked."""
    return _sent({"name": "Massage", "description": "An hour.", "points_cost": "120", "stock": ""} | fields)


def achievement_form(**fields: Any) -> dict[str, Any]:
    """A new one's, for ten workouts; `manual=True` makes it one that is awarded by hand."""
    condition = {"type": "automatic", "condition_type": "workout_count", "condition_value": "10"}
    if fields.pop("manual", False):
        condition = {"type": "manual", "condition_type": "", "condition_value": ""}
    given = {"name": "Ten", "description": "", "xp_reward": "50", "points_reward": "20", "icon": "medal"}
    return _sent(condition | given | fields)


def beside(page: str, field: str) -> str:
    """What is told beside this field."""
    return page.partition(f'id="{field}-error"')[2].partition("</p>")[0]


def row_of(page: str, name: str) -> str:
    """The row of the list that is about this one."""
    rows = (row.partition("</tr>")[0] for row in page.split("<tr ")[1:])
    return next((row for row in rows if name in row.partition("</th>")[0]), "")


def audited() -> list[tuple[str, int | None]]:
    """What was done at the desks, and by whom."""
    entries = select(AuditEntry.action, AuditEntry.actor_id).order_by(AuditEntry.id)
    kept = AuditEntry.entity.in_(("reward", "achievement"))
    return [(action, actor_id) for action, actor_id in db.session.execute(entries.where(kept))]


def statuses_of(client: FlaskClient, door: str, things: str, item_id: int, form: dict[str, Any]) -> dict[str, int]:
    """How every address of this item answers at this door."""
    path = f"/{door}/{things}/{item_id}"
    return {
        "edit": client.get(f"{path}/edit").status_code,
        "change": client.post(f"{path}/edit", data=form).status_code,
        "switch": client.patch(path, data={"is_active": "0"}).status_code,
        "delete": client.post(path, data={"_method": "DELETE"}).status_code,
    }


def _sent(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in ({"is_active": "y"} | fields).items() if value is not None}
