"""The application factory. Reads settings, plugs in extensions, opens the doors. No query, no rule."""

from pathlib import Path
from typing import Any

from flask import Flask, Request
from flask.typing import ResponseReturnValue
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from sqlalchemy.orm import InstrumentedAttribute
from werkzeug.routing import MapAdapter

from app import config
from app.accounts import jobs as account_jobs  # noqa: F401 puts itself on the schedule
from app.accounts import resets
from app.accounts import service as accounts
from app.activity import service as activity
from app.bonuses import jobs as bonus_jobs  # noqa: F401 puts itself on the schedule
from app.bonuses.kind import BONUS
from app.bonuses.models import CashbackCredit, CashbackPeriod, MemberPromotion, Referral
from app.cart import jobs as cart_jobs  # noqa: F401 puts itself on the schedule
from app.cart.models import Cart
from app.catalog import reward_items
from app.catalog.models import Product, RewardItem
from app.config import Settings
from app.deals import service as deals
from app.deals.editing import promises
from app.deals.kind import DEAL
from app.deals.models import PromotionClaim
from app.deposits import withdrawing
from app.deposits.models import Deposit
from app.discounts.kind import DISCOUNT
from app.errors import register_error_handlers
from app.kit import htmx, methods, outbox
from app.kit.assets import init_assets
from app.kit.broker import init_broker
from app.kit.db import db, init_db, retry_lost_transactions
from app.kit.headers import init_headers
from app.kit.logs import init_logs
from app.kit.metrics import init_metrics
from app.kit.routes import RowId, TheirId
from app.loyalty import awarding, ladder, redeeming, settlement
from app.loyalty import service as loyalty
from app.loyalty.achievement_models import Achievement
from app.loyalty.models import Level
from app.loyalty.reward_models import Reward
from app.media import jobs as media_jobs  # noqa: F401 puts itself on the schedule
from app.media import service as media
from app.messages import service as messages
from app.messages.jobs import deliver as deliver_mails
from app.offers.kind import OFFER
from app.offers.models import OfferApplication, UserPromoCode
from app.orders import jobs as order_jobs  # noqa: F401 puts itself on the schedule
from app.orders import service as orders
from app.payments import jobs as payment_jobs
from app.payments import returns
from app.payments import service as payments
from app.promotions import attempts, batches, editing, kinds
from app.promotions import jobs as promotion_jobs
from app.promotions.models import Promotion

ROOT = Path(__file__).resolve().parent.parent
csrf = CSRFProtect()
REFERRING: tuple[InstrumentedAttribute[Any], ...] = (
    MemberPromotion.promotion_id,
    CashbackPeriod.promotion_id,
    CashbackCredit.promotion_id,
    Referral.promotion_id,
    Deposit.promotion_id,
)


class Laurel(Flask):
    """Flask, but plain forms can PATCH and DELETE, and a request whose transaction lost to another is tried again."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        if request is not None:
            methods.override(request, self.config)
        return super().create_url_adapter(request)

    def dispatch_request(self) -> ResponseReturnValue:
        return retry_lost_transactions(super().dispatch_request)


def create_app(settings: Settings | None = None) -> Flask:
    """The whole application, ready to serve. Raises UnsafeSettings."""
    app = Laurel(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.url_map.converters.update(int=RowId, their_id=TheirId)
    config.install(app, settings or Settings.from_env())
    chosen = config.settings(app)
    init_headers(app, proxies=chosen.trusted_proxies, hosts=chosen.allowed_hosts, is_https=chosen.is_https)
    init_logs(app)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    init_assets(app)
    init_db(app)
    init_broker(app, chosen.redis_url)
    init_metrics(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    csrf.init_app(app)
    register_error_handlers(app)
    app.after_request(htmx.carry_toasts)
    app.teardown_appcontext(lambda _error: attempts.hand_over())
    _furnish_rooms(app)
    _open_doors(app)
    return app


def _furnish_rooms(app: Flask) -> None:
    """Let rooms register with each other what a lower one must learn from above."""
    outbox.register(messages.TOPIC, queue="mail", settle=deliver_mails, limit=1, is_external=True)
    outbox.register(resets.TOPIC, queue="mail", settle=resets.send_links)
    outbox.register(returns.TOPIC, queue="default", settle=payment_jobs.send, limit=1, is_external=True)
    outbox.register(batches.TOPIC, queue="default", settle=promotion_jobs.make_codes, limit=1, is_external=True)
    outbox.register(deals.TOPIC, queue="default", settle=deals.claim_later, limit=1)
    outbox.register(activity.TOPIC, queue="loyalty", settle=settlement.settle, limit=settlement.BATCH)
    outbox.register(ladder.TOPIC, queue="loyalty", settle=ladder.relevel, limit=1)
    outbox.register(awarding.TOPIC, queue="loyalty", settle=awarding.evaluate_everybody, limit=1)
    shown = (Product.image, RewardItem.image, Promotion.image, Level.image, Achievement.image, Reward.image)
    for column in shown:
        media.keeps(column)
    accounts.on_created(loyalty.open_summary)
    accounts.on_moved(awarding.reconsider_client)
    accounts.on_anonymised(activity.blank)
    accounts.on_anonymised(redeeming.forget)
    accounts.on_anonymised(orders.forget_name)
    accounts.on_anonymised(deals.forget_name)
    accounts.on_anonymised(withdrawing.forget)
    kinds.register(DISCOUNT)
    kinds.register(DEAL)
    kinds.register(OFFER)
    kinds.register(BONUS)
    editing.refers_to_codes(Cart.applied_code_id)
    editing.refers_to_codes(UserPromoCode.code_id)
    editing.refers_to_promotions(PromotionClaim.promotion_id)
    editing.refers_to_promotions(OfferApplication.promotion_id)
    for referring in REFERRING:
        editing.refers_to_promotions(referring)
    reward_items.promised_where(promises)
    payments.install(app)


def _open_doors(app: Flask) -> None:
    from app import api, web  # noqa: PLC0415  (doors import every room)
    from app.cli import register_commands  # noqa: PLC0415

    web.register_doors(app, csrf)
    api.register_door(app, csrf)
    register_commands(app)
