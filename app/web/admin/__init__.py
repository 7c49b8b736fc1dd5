"""The desk of the admins."""

from flask import Blueprint

bp = Blueprint("admin", __name__, url_prefix="/admin")

from app.web.admin import (  # noqa: E402
    accounting,  # noqa: F401
    achievements,  # noqa: F401
    audit,  # noqa: F401
    bonus_claims,  # noqa: F401
    categories,  # noqa: F401
    conversions,  # noqa: F401
    dashboard,  # noqa: F401
    deals,  # noqa: F401
    deposits,  # noqa: F401
    event_types,  # noqa: F401
    invoices,  # noqa: F401
    keys,  # noqa: F401
    levels,  # noqa: F401
    mails,  # noqa: F401
    offer_applications,  # noqa: F401
    offer_holders,  # noqa: F401
    offers,  # noqa: F401
    product_sheets,  # noqa: F401
    products,  # noqa: F401
    promotion_attempts,  # noqa: F401
    promotion_backtest,  # noqa: F401
    promotion_codes,  # noqa: F401
    promotion_explain,  # noqa: F401
    promotion_list,  # noqa: F401
    promotion_sharing,  # noqa: F401
    promotion_sheets,  # noqa: F401
    promotion_statistics,  # noqa: F401
    promotions,  # noqa: F401
    queue,  # noqa: F401
    redemptions,  # noqa: F401
    refunds,  # noqa: F401
    reward_items,  # noqa: F401
    rewards,  # noqa: F401
    user_points,  # noqa: F401
    users,  # noqa: F401
    wallet_changes,  # noqa: F401
    wallets,  # noqa: F401
    withdrawals,  # noqa: F401
)
