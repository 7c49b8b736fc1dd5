"""The desk at which redemptions are handled: coaches sit at it for their clients, admins for everybody.

A redemption is handled wherever it is shown: in the list, on the coach's dashboard, on the client's page. Each of these
places says which it is, so that the answer brings along what else is shown there.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.errors import DomainError, NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate
from app.loyalty import keeping, redeeming, redemptions, refunds
from app.loyalty import service as loyalty
from app.loyalty.reward_models import FULFILLED, REJECTED, STATUSES, RewardRedemption
from app.web.arguments import anchored, list_arguments, list_arguments_in, number_in, page_number
from app.web.client.pulse import stamp, unchanged
from app.web.forms import Form, choices, explain, strip
from app.web.visitor import actor, me, way_back

LIST, DASHBOARD, CLIENT = PLACES = ("list", "dashboard", "client")
STATUS_WORDS = {"": _l("All"), "pending": _l("Pending"), "fulfilled": _l("Fulfilled"), "rejected": _l("Rejected")}
ROW = ("loyalty/redemption.html", "loyalty/_redemption.html")
LONGEST_NOTE = 1000


class HandlingForm(Form):
    """What became of a redemption, and a word to the client."""

    status = RadioField(
        _l("What became of it"),
        [InputRequired(_l("Please choose: fulfil it or reject it."))],
        choices=choices([(FULFILLED, _l("Fulfil")), (REJECTED, _l("Reject"))]),
    )
    coach_notes = TextAreaField(_l("Note"), [Length(max=LONGEST_NOTE)], filters=[strip])


def asked() -> dict[str, str]:
    """The search and the status that the address asks for."""
    return _asked_in(request.args)


def _asked_in(arguments: Mapping[str, str]) -> dict[str, str]:
    search, status = (arguments.get(name, "").strip() for name in ("q", "status"))
    return {"q": search[:100], "status": status if status in STATUSES else ""}


def list_page() -> Response:
    """The list of all that is theirs, or 204 when it is as it was `seen`. Three statements."""
    listed = _listed(asked(), page_number(), list_arguments())
    return unchanged(listed["stamp"]) or page("loyalty/redemptions.html", "loyalty/_redemptions.html", **listed)


def _listed(wanted: dict[str, str], number: int, arguments: dict[str, str]) -> dict[str, Any]:
    """A page of the list that was asked for in these words, which is where its rows come back to."""
    keeper, here = keeping.keeper(me()), url_for(f"{me().role}.list_redemptions", **arguments)  # type: ignore[arg-type]
    found = paginate(redemptions.to_handle(keeper, status=wanted["status"], search=wanted["q"]), number=number)
    counted = _counts(wanted["q"])
    seen = stamp(counted, found.number, [(each.id, each.status, each.reward.version) for each in found.items])
    told = {"redemptions": found, "counts": counted, "stamp": seen, "asked": wanted, "status_words": STATUS_WORDS}
    return told | {"next": here} | surroundings(LIST)


def surroundings(place: str) -> dict[str, Any]:
    """What rows of redemptions need to know about where they stand."""
    return {"door": me().role, "place": place, "now": clock.now()}


def handle(redemption_id: int) -> ResponseReturnValue:
    """Fulfil or reject it; answered with its row, or by going back to where one was.

    A refusal is shown in the row, with what was typed, or with what somebody faster has made of it: without a script in
    its list, or, where it isn't in that one any more or never was in one, on a page to itself. Raises NotFound for what
    isn't theirs.
    """
    form = HandlingForm()
    if not form.validate():
        return _row(redemption_id, form, 422)
    try:
        with unit_of_work():
            _decide(redemption_id, form)
    except NotFound:
        raise
    except DomainError as refusal:
        explain(form, refusal)
        return _row(redemption_id, form, refusal.status)
    if wants_part():
        return _row(redemption_id, None, 200)
    _praise(redemption_id)
    return see_other(anchored(_back()))


def _decide(redemption_id: int, form: HandlingForm) -> None:
    verb = redeeming.fulfil if form.status.data == FULFILLED else redeeming.reject
    verb(redemption_id, me(), notes=form.coach_notes.data or "", actor=actor(), now=clock.now())


def _praise(redemption_id: int) -> None:
    done = redemptions.one(redemption_id, keeping.keeper(me()))
    toast(_outcome(done), "success" if done.status == FULFILLED else "info")


def _outcome(done: RewardRedemption) -> str:
    facts = {"reward": done.reward.name, "client": done.user.name}
    if done.status == FULFILLED:
        return _("Fulfilled: %(reward)s for %(client)s.", **facts)
    if taken := refunds.taken_of(done.user_id).get(done.id):
        return _rejected(done, taken)
    return _("Rejected: %(client)s has the points back, and reads why.", **facts)


def _rejected(done: RewardRedemption, taken: int) -> str:
    facts = {"client": done.user.name, "taken": format_decimal(taken), "points": format_decimal(done.points_spent)}
    if taken < done.points_spent:
        return _("Rejected: %(taken)s of the %(points)s points went for what %(client)s had deleted since.", **facts)
    return _("Rejected: all %(points)s points went for what %(client)s had deleted since.", **facts)


def _row(redemption_id: int, form: HandlingForm | None, status: int) -> Response:
    """The row as it is now, and what goes with it where it is shown."""
    redemption = redemptions.one(redemption_id, keeping.keeper(me()))
    place = request.form.get("place", LIST)
    place = place if place in PLACES else LIST
    context: dict[str, Any] = {"redemption": redemption, "form": form, "next": _back(), **surroundings(place)}
    if not wants_part():
        return (_in_its_list(redemption_id, form, status) if place == LIST else None) or Response(
            render_template(ROW[0], **context), status
        )
    if not redemption.is_pending:
        context["news"] = _news(place, redemption.user_id)
    if form is None:
        context["told"] = _outcome(redemption)
    return page(*ROW, status, **context)


def _in_its_list(redemption_id: int, form: HandlingForm | None, status: int) -> Response | None:
    """The list that one came from, with the refusal in its row; nothing where the row isn't in it."""
    arguments = list_arguments_in(urlsplit(_back()).query)
    listed = _listed(_asked_in(arguments), number_in(arguments), arguments)
    if redemption_id not in {each.id for each in listed["redemptions"].items}:
        return None
    refused = {"refused_id": redemption_id, "refused_form": form}
    return Response(render_template("loyalty/redemptions.html", **listed, **refused), status)


def _news(place: str, client_id: int) -> dict[str, Any]:
    """What else has changed where the row is shown."""
    if place == CLIENT:
        return {"points": loyalty.summary_of(client_id).available_points}
    if place == DASHBOARD:
        return {"waiting": redemptions.waiting(keeping.keeper(me()))}
    return {"counts": _counts(_searched_for())}


def _searched_for() -> str:
    """What the list that the row stands in was searched for."""
    return request.form.get("q", "").strip()[:100]


def _counts(search: str) -> dict[str, int]:
    counts = redemptions.counts(keeping.keeper(me()), search=search)
    return {status: counts.get(status, 0) for status in STATUSES} | {"": sum(counts.values())}


def _back() -> str:
    return way_back(request.form.get("next")) or url_for(f"{me().role}.list_redemptions")
