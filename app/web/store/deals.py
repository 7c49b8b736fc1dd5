"""The deals that run, how far the shopper has come on each, and claiming.

The part looks again by itself (`static/js/pulse.js`): its ETag stands for all that it shows but the clock, which goes
on without it.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from babel.lists import format_list
from flask import Response, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, get_locale, get_timezone, ngettext
from flask_babel import gettext as _

from app.accounts.persons import Person
from app.deals import service as deals
from app.deals.service import Card
from app.errors import DomainError, NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.web.arguments import whole_number
from app.web.frame import this_page
from app.web.store import bp, visit
from app.web.store.banner import Banner, deal_banner
from app.web.visitor import access, current_person, page_of_part

DEALS = ("store/deals.html", "store/_deals.html")
AT_FIRST = 3
THEIRS = "form"
LINK = "link"
CLAIMED = "just_claimed"


@dataclass(frozen=True, slots=True)
class Showcase:
    """The deals as one page shows them to somebody.

    Among other things (`is_beside`) only a few stand open: all with something to claim, in the places that are left the
    first that aren't done, and besides them what was just `touched`, where a page that came without a script says what
    was `told` of it. `asks` is where somebody without a name can type it: in a form of the showcase, or, if the page
    has one already, by a link there; who `has_entered` just did so. Its parts bring the page's `banner` along.
    """

    cards: Sequence[Card]
    person: Person | None
    cart_cents: int
    is_beside: bool = False
    asks: str = THEIRS
    touched: int | None = None
    told: str = ""
    has_entered: bool = False
    banner: Banner | None = None

    @property
    def front(self) -> Sequence[Card]:
        """Those that stand open, in the order of lists."""
        is_open = self._open()
        return [card for card in self.cards if card.terms.id in is_open]

    @property
    def rest(self) -> Sequence[Card]:
        """Those that are folded away."""
        is_open = self._open()
        return [card for card in self.cards if card.terms.id not in is_open]

    def shows(self, deal_id: int) -> bool:
        """Whether this deal is among them."""
        return any(card.terms.id == deal_id for card in self.cards)

    @property
    def etag(self) -> str:
        """The same for the same deals, standing, name, cart, banner and language."""
        reader = (self.person, str(get_locale()), str(get_timezone()))
        shown = [(each.shown.id, each.terms.version, each.left, each.standing, each.ahead) for each in self.cards]
        banner = self.banner and (self.banner.deal_id, self.banner.version)
        seen = repr((shown, self.cart_cents, self.is_beside, self.asks, banner, reader))
        return hashlib.blake2b(seen.encode(), digest_size=12).hexdigest()

    def _open(self) -> Collection[int | None]:
        if not self.is_beside or len(self.cards) <= AT_FIRST + 1:
            return {card.terms.id for card in self.cards}
        ranked = sorted(self.cards, key=lambda card: (not self._is_waiting(card), card.is_done))
        first = [card for at, card in enumerate(ranked) if at < AT_FIRST or self._is_waiting(card)]
        return {self.touched, *(card.terms.id for card in first)}

    def _is_waiting(self, card: Card) -> bool:
        return bool(card.standing and card.standing.claimable and card.is_for(self.person))


def showcase(*, is_beside: bool, asks: str = THEIRS) -> Showcase:
    """What runs now and how far this visitor has come. The cart is read only where something runs."""
    found = deals.of_deals(visit.running())
    cart_cents = visit.cart_cents() if found else 0
    cards = deals.cards(visit.shopper(), cart_cents, clock.now(), found)
    seen = Showcase(cards, current_person(), cart_cents, is_beside, asks, banner=deal_banner())
    return seen if wants_part() else _just_now(seen)


def _just_now(seen: Showcase) -> Showcase:
    """What was claimed without a script is confirmed once, at its deal; in a corner if that has gone meanwhile."""
    touched, told = session.pop(CLAIMED, (None, ""))
    has_entered = session.pop(visit.ENTERED, False)
    if touched is None or seen.shows(touched):
        return replace(seen, touched=touched, told=told, has_entered=has_entered)
    toast(told)
    return seen


@bp.get("/deals")
@access("public")
def show_deals() -> ResponseReturnValue:
    """The page; for a part that names what it shows by its ETag, 304 while that is still so."""
    seen = _asked_for()
    if not wants_part():
        return _page(seen)
    unchanged = request.if_none_match.contains_weak(seen.etag)
    answer = Response(status=304) if unchanged else _page(seen)
    answer.set_etag(seen.etag, weak=True)
    return answer


@bp.post("/deals/<int:deal_id>/claim")
@access("public")
def claim_deal(deal_id: int) -> ResponseReturnValue:
    """Claim once. The form says which claim of theirs it is meant to be, so that sending it twice claims once."""
    shopper = visit.shopper()
    if shopper is None:
        return see_other(url_for("store.ask_name", next=_way_back()))
    try:
        with unit_of_work():
            grant = deals.claim(deal_id, shopper, now=clock.now(), nth=whole_number(request.form.get("nth")))
            items = grant.items if grant else None
    except NotFound:
        return _refused(deal_id, NotFound(_("This deal is no longer there.")))
    except DomainError as refusal:
        return _refused(deal_id, refusal)
    told = _thanks(items) if items else _("You have claimed this already.")
    if not wants_part():
        session[CLAIMED] = (deal_id, told)
        return see_other(f"{_way_back()}#deal-{deal_id}-told")
    toast(told, "success" if items else "info")
    return _page(_asked_for(deal_id), claimed=deal_id if items else None)


@bp.get("/deals/<int:deal_id>/claim")
@access("public")
def leave_claim(deal_id: int) -> ResponseReturnValue:
    """The address that stays in the bar after a refusal claims nothing: reloaded, it leads to the deals."""
    return see_other(f"{url_for('store.show_deals')}#deal-{deal_id}")


def _asked_for(touched: int | None = None) -> Showcase:
    shown = urlsplit(page_of_part() or "").path if wants_part() else ""
    asks = LINK if request.args.get("asks") == LINK else THEIRS
    seen = showcase(is_beside=shown == url_for("store.browse"), asks=asks)
    return replace(seen, touched=touched) if touched else seen


def _page(seen: Showcase, status: int = 200, **told: Any) -> Response:
    back = page_of_part() if wants_part() else this_page()
    told |= {"deals": seen, "back": back or url_for("store.browse"), "is_part": wants_part()}
    return page(*DEALS, status, **told)


def _refused(deal_id: int, refusal: DomainError) -> Response:
    return _page(_asked_for(deal_id), refusal.status, refused=deal_id, refusal=refusal)


def _way_back() -> str:
    """The page whose form was sent: all deals by themselves, or the store."""
    came_from = urlsplit(request.referrer or "").path
    alone = url_for("store.show_deals")
    return alone if came_from.startswith(alone) else url_for("store.browse")


def _thanks(items: Sequence[Mapping[str, Any]]) -> str:
    named = format_list([named_item(each) for each in items], locale=get_locale())
    return ngettext(
        "%(items)s is yours! The game hands it out to you.",
        "%(items)s are yours! The game hands them out to you.",
        len(items),
        items=named,
    )


@bp.app_template_filter()
def named_item(item: Mapping[str, Any]) -> str:
    """What a deal gives, and how many of it."""
    return f"{format_decimal(item['amount'])} \N{MULTIPLICATION SIGN} {item['name']}"
