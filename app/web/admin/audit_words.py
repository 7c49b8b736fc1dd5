"""What the audit log says, in words: actions are kept as codes, which programs may rely on."""

from flask_babel import lazy_gettext as _l

DONE = {
    "activate": _l("let in again"),
    "activated": _l("switched on"),
    "adjusted": _l("adjusted"),
    "anonymise": _l("took the name of"),
    "approved": _l("approved"),
    "archived": _l("archived"),
    "award": _l("awarded"),
    "cancelled": _l("cancelled"),
    "changed": _l("changed"),
    "code_used_up": _l("took the last use of a code of"),
    "codes_ordered": _l("ordered single-use codes of"),
    "confirmed": _l("confirmed"),
    "create": _l("made"),
    "created": _l("made"),
    "deactivate": _l("shut out"),
    "deactivated": _l("switched off"),
    "debt_settled": _l("settled a debt of"),
    "deleted": _l("deleted"),
    "delivered": _l("handed out"),
    "end_sessions": _l("signed out everywhere"),
    "ended": _l("switched off at its end"),
    "expired": _l("ended"),
    "failed": _l("could not send back"),
    "fulfilled": _l("fulfilled"),
    "given": _l("gave"),
    "given_back": _l("noted by hand as sent back:"),
    "imported": _l("imported"),
    "linked": _l("linked to an account"),
    "paid": _l("marked as paid"),
    "refused": _l("refused"),
    "refunded": _l("gave money back for"),
    "recorded": _l("recorded"),
    "rejected": _l("rejected"),
    "reopened": _l("switched on again, since a use came back,"),
    "retry": _l("tried again"),
    "reversed": _l("took back"),
    "revoke": _l("revoked"),
    "send_again": _l("sent again"),
    "sent": _l("sent back"),
    "stray_payment": _l("took money for the closed"),
    "update": _l("changed"),
    "used_up": _l("took the last use of"),
    "voided": _l("cancelled"),
}
THINGS = {
    "achievement": _l("achievement"),
    "api_key": _l("API key"),
    "category": _l("category"),
    "conversion": _l("conversion"),
    "deposit": _l("deposit"),
    "grant": _l("grant"),
    "invoice": _l("invoice"),
    "level": _l("level"),
    "mail": _l("mail"),
    "member_promotion": _l("bonus of a member"),
    "offer": _l("offer"),
    "outbox_event": _l("event"),
    "payment_return": _l("money"),
    "product": _l("product"),
    "product_sheet": _l("file of products"),
    "promotion": _l("promotion"),
    "promotion_sheet": _l("file of discount codes"),
    "redemption": _l("redemption"),
    "reward": _l("reward"),
    "reward_item": _l("reward item"),
    "user": _l("user"),
    "wallet": _l("wallet of user"),
    "withdrawal": _l("withdrawal"),
    "xp_event_type": _l("XP event type"),
}

FIELDS = {
    "category": _l("Category"),
    "category_id": _l("Category"),
    "client_id": _l("Client"),
    "coach_id": _l("Coach"),
    "code": _l("Code"),
    "condition_type": _l("Condition"),
    "condition_value": _l("How many"),
    "cooldown_hours": _l("Cooldown in hours"),
    "daily_limit": _l("Daily limit"),
    "description": _l("Description"),
    "display_name": _l("Display name"),
    "email": _l("E-mail"),
    "ends_at": _l("Ends"),
    "external_id": _l("External ID"),
    "icon": _l("Icon"),
    "image": _l("Picture"),
    "is_active": _l("Active"),
    "level_number": _l("Number"),
    "locale": _l("Language"),
    "name": _l("Name"),
    "payout": _l("Payout"),
    "points_amount": _l("Points"),
    "points_cost": _l("Cost in points"),
    "points_reward": _l("Points"),
    "position": _l("Position"),
    "price_cents": _l("Price in cents"),
    "reason": _l("Reason"),
    "role": _l("Role"),
    "sku": _l("SKU"),
    "starts_at": _l("Starts"),
    "state": _l("Status"),
    "status": _l("Status"),
    "stock": _l("Stock"),
    "timezone": _l("Time zone"),
    "title": _l("Title"),
    "type": _l("Kind"),
    "url": _l("Address"),
    "user_id": _l("User"),
    "username": _l("Username"),
    "xp_amount": _l("XP"),
    "xp_required": _l("XP needed"),
    "xp_reward": _l("XP"),
}


def done(action: str) -> str:
    """`promotion.used_up` → took the last use of."""
    verb = action.rpartition(".")[2]
    return str(DONE.get(verb, verb.replace("_", " ")))


def thing(entity: str) -> str:
    """`api_key` → API key."""
    return str(THINGS.get(entity, entity.replace("_", " ")))


def field(name: str) -> str:
    """`points_cost` → Cost in points."""
    return str(FIELDS.get(name, name.replace("_", " ").capitalize()))
