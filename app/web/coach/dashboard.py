"""The coach's clients at a glance: who they are, how far they are, when they were last active."""

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, func, or_, select

from app.accounts.models import User
from app.activity import timeline
from app.kit.htmx import page
from app.kit.lists import paginate
from app.kit.text import like
from app.loyalty import service as loyalty
from app.web.coach import bp
from app.web.visitor import access, me

DASHBOARD = ("coach/dashboard.html", "coach/_clients.html")


@bp.get("")
@access("coach")
def dashboard() -> ResponseReturnValue:
    asked = request.args.get("q", "").strip()
    clients = paginate(_clients_of(me().id, asked), number=request.args.get("page", 1, type=int))
    ids = [client.id for client in clients.items]
    return page(
        *DASHBOARD,
        clients=clients,
        summaries=loyalty.summaries_of(ids),
        last_active=timeline.last_active(ids),
        asked=asked,
    )


def _clients_of(coach_id: int, asked: str) -> Select[User]:
    """The one way to a coach's clients."""
    own = select(User).where(User.coach_id == coach_id, User.role == "client", User.is_active)
    if asked:
        own = own.where(or_(*(each.ilike(like(asked), escape="\\") for each in (User.display_name, User.username))))
    return own.order_by(func.lower(User.display_name), User.id)
