"""What every page about one promotion shows around its own matter: its name, its state, the ways to the others."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app, url_for
from flask_babel import lazy_gettext as _l

from app.bonuses.models import KIND as BONUS
from app.kit import clock
from app.promotions import listing
from app.promotions.listing import Listed
from app.web.admin.bonus_cards import SHARED_LINK, benefit_of
from app.web.admin.promotion_words import Words, words_for

TABS = (
    ("admin.edit_promotion", _l("Terms")),
    ("admin.show_promotion_statistics", _l("Statistics")),
    ("admin.show_offer_analytics", _l("Offers")),
    ("admin.list_offer_applications", _l("Applications")),
    ("admin.list_offer_holders", _l("Accounts")),
    ("admin.list_promotion_people", _l("People")),
    ("admin.show_deal_progress", _l("Progress")),
    ("admin.list_deal_grants", _l("Grants")),
    ("admin.list_claims", _l("Claims")),
    ("admin.list_promotion_codes", _l("Codes")),
    ("admin.share_promotion", _l("Share")),
    ("admin.explain_promotion", _l("Explain")),
    ("admin.backtest_promotion", _l("Backtest")),
)

# in menus, with their icons: what people have made of it
OF_PEOPLE = {
    "admin.list_promotion_people": "users",
    "admin.show_deal_progress": "target",
    "admin.list_deal_grants": "gift",
    "admin.list_claims": "hand-coins",
    "admin.show_offer_analytics": "badge-dollar-sign",
    "admin.list_offer_applications": "list",
    "admin.list_offer_holders": "user-check",
}
# those that a kind has; the first of them tells of its people
USUAL_PAGES = ("admin.list_promotion_people",)
PAGES_OF = {
    "deal": ("admin.show_deal_progress", "admin.list_deal_grants"),
    "offer": (
        *("admin.list_promotion_people", "admin.show_offer_analytics"),
        *("admin.list_offer_applications", "admin.list_offer_holders"),
    ),
    "bonus": ("admin.list_claims",),
}
# where a code is shown; what isn't for the cart is no business of the store
SHOWN_AT = {"offer": "client.show_codes", "bonus": "client.show_promotions"}
IN_STORE = "store.browse"


@dataclass(frozen=True, slots=True)
class Framed:
    """One promotion, its code if it has just one, and the pages there are about it: label and address of each."""

    listed: Listed
    code: str | None
    tabs: list[tuple[str, str]]
    now: datetime

    @property
    def promotion(self) -> Any:
        return self.listed.promotion

    @property
    def words(self) -> Words:
        """How one speaks of its kind."""
        return words_for(self.listed.kind.name)

    @property
    def benefit(self) -> str:
        """What it gives, in short."""
        return benefit_of(self.listed)

    @property
    def shared_link(self) -> str:
        """What the link does that hands its code on."""
        of_type = SHARED_LINK.get(self.listed.type) if self.listed.kind.name == BONUS else None
        return str(of_type or self.words.shared_link)

    @property
    def people_url(self) -> str:
        """Where the people are who made something of it."""
        return url_for(people_page(self.listed), promotion_id=self.promotion.id)


def framed(promotion_id: int) -> Framed:
    """What `admin/promotion_frame.html` needs, under the name `frame`. Raises NotFound."""
    listed = listing.one(promotion_id)
    tabs = [
        (str(label), url_for(endpoint, promotion_id=promotion_id))
        for endpoint, label in TABS
        if endpoint in current_app.view_functions and _has(listed, endpoint)
    ]
    single = listed.promotion.single_code
    return Framed(listed, single.code if single else None, tabs, clock.now())


def people_page(listed: Listed) -> str:
    """The page that tells of its people: how far they have come, or how often they have used it."""
    return _of_people(listed)[0]


def pages_of(listed: Listed) -> list[tuple[str, str, str]]:
    """Icon, label and endpoint of the pages about its people, for menus."""
    return [
        (icon, str(dict(TABS)[endpoint]), endpoint) for endpoint, icon in OF_PEOPLE.items() if _has(listed, endpoint)
    ]


def is_shared(listed: Listed) -> bool:
    """Whether it has one code to hand on, and a page that shows it."""
    has_page = SHOWN_AT.get(listed.kind.name, IN_STORE) in current_app.view_functions
    return has_page and listed.promotion.single_code is not None and listed.promotion.archived_at is None


def _has(listed: Listed, endpoint: str) -> bool:
    if endpoint in OF_PEOPLE:
        return endpoint in _of_people(listed)
    if endpoint == "admin.list_promotion_codes":
        return listed.codes is not None
    if endpoint == "admin.share_promotion":
        return is_shared(listed)
    return endpoint != "admin.backtest_promotion" or bool(listed.kind.replays)


def _of_people(listed: Listed) -> tuple[str, ...]:
    return PAGES_OF.get(listed.kind.name, USUAL_PAGES)
