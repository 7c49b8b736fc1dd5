"""Who has an offer code on the account, and who had it."""

from flask import request
from flask.typing import ResponseReturnValue

from app.kit.htmx import page
from app.kit.lists import paginate_rows
from app.offers import holders
from app.offers.holdings import Earned
from app.web.admin import bp
from app.web.admin.offer_applications import framed_offer_code
from app.web.arguments import page_number
from app.web.visitor import access

ON_PAGE = 20


@bp.get("/promotions/<int:promotion_id>/accounts")
@access("admin")
def list_offer_holders(promotion_id: int) -> ResponseReturnValue:
    """404 for what isn't an offer code."""
    frame, search = framed_offer_code(promotion_id), request.args.get("q", "").strip()[:100]
    found = paginate_rows(holders.holders(promotion_id, search=search), number=page_number(), size=ON_PAGE)
    return page(
        "admin/offer_holders.html",
        "admin/_offer_holders.html",
        frame=frame,
        holders=found,
        earned=holders.earned_since(each.id for each in found.items),
        nothing=Earned(),
        search=search,
    )
