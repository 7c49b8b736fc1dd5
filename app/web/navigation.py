"""Which page stands where in the navigation of whom. Entries whose page doesn't exist are left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the navigation; `endpoint` may take `values`. It also stands for the pages that it `covers`."""

    endpoint: str
    label: Any
    icon: str
    values: dict[str, str] = field(default_factory=dict)
    covers: tuple[str, ...] = ()

    def fits(self, arguments: Mapping[str, str]) -> bool:
        """Whether the address asks for the part of the page that this line leads to."""
        return all(arguments.get(name, "") == self.values.get(name, "") for name in {*self.values, "group"})

    @property
    def exists(self) -> bool:
        return self.endpoint in current_app.view_functions


@dataclass(frozen=True, slots=True)
class Section:
    label: Any
    entries: tuple[Entry, ...]


NAVIGATION: dict[str, tuple[Section, ...]] = {
    "shopper": (
        Section(
            "",
            (
                Entry("store.browse", _l("Store"), "store"),
                Entry("store.show_deals", _l("Deals"), "gift"),
                Entry("store.show_donate", _l("Donate"), "heart"),
                Entry("store.show_invoices", _l("Invoices"), "receipt"),
            ),
        ),
    ),
    "client": (
        Section(
            "",
            (
                Entry("client.dashboard", _l("Dashboard"), "layout-dashboard"),
                Entry("client.show_log", _l("Log"), "square-pen"),
                Entry(
                    *("client.show_rewards", _l("Rewards"), "gift"),
                    covers=("client.show_points", "client.show_redemptions"),
                ),
                Entry("client.show_achievements", _l("Achievements"), "award"),
                Entry("client.show_codes", _l("My codes"), "ticket-percent"),
                Entry("client.show_offers", _l("Offers"), "badge-dollar-sign"),
                Entry("client.show_promotions", _l("Bonuses"), "hand-coins"),
                Entry("client.show_wallet", _l("Wallet"), "wallet"),
                Entry("store.browse", _l("Store"), "store"),
                Entry("store.show_deals", _l("Deals"), "gift"),
                Entry("store.show_donate", _l("Donate"), "heart"),
                Entry("store.show_invoices", _l("Invoices"), "receipt"),
            ),
        ),
    ),
    "coach": (
        Section(
            "",
            (
                Entry("coach.dashboard", _l("Dashboard"), "layout-dashboard"),
                Entry("coach.list_clients", _l("Clients"), "users"),
                Entry("coach.list_redemptions", _l("Redemptions"), "hand-coins"),
                Entry("coach.list_programs", _l("Programmes"), "book-open"),
                Entry("coach.list_rewards", _l("Rewards"), "gift"),
                Entry("coach.list_achievements", _l("Achievements"), "award"),
                Entry("store.browse", _l("Store"), "store"),
            ),
        ),
    ),
    "admin": (
        Section("", (Entry("admin.dashboard", _l("Dashboard"), "layout-dashboard"),)),
        Section(
            _l("Promotions"),
            (
                Entry("admin.list_promotions", _l("Promotions"), "ticket-percent"),
                Entry("admin.list_offers", _l("Offers"), "badge-dollar-sign"),
                Entry("admin.list_conversions", _l("Conversions"), "circle-check-big"),
                Entry("admin.list_deposits", _l("Deposits"), "banknote"),
                Entry("admin.list_withdrawals", _l("Withdrawals"), "send"),
                Entry("admin.list_wallets", _l("Wallets"), "wallet"),
            ),
        ),
        Section(
            _l("Store Management"),
            (
                Entry("admin.list_promotions", _l("Deals & Promotions"), "badge-percent", {"group": "store"}),
                Entry("admin.list_products", _l("Products"), "package"),
                Entry("admin.list_categories", _l("Categories"), "tags"),
                Entry("admin.list_reward_items", _l("Reward items"), "gift"),
                Entry("admin.list_invoices", _l("Invoices"), "receipt"),
                Entry("admin.show_accounting", _l("Accounting"), "chart-column"),
                Entry("store.browse", _l("Visit the store"), "store"),
            ),
        ),
        Section(
            _l("Loyalty"),
            (
                Entry("admin.list_redemptions", _l("Redemptions"), "hand-coins"),
                Entry("admin.list_rewards", _l("Rewards"), "gift"),
                Entry("admin.list_achievements", _l("Achievements"), "award"),
                Entry("admin.list_levels", _l("Levels"), "mountain"),
                Entry("admin.list_event_types", _l("XP event types"), "zap"),
            ),
        ),
        Section(
            _l("People"),
            (
                Entry("admin.list_users", _l("Users"), "users"),
                Entry("admin.list_keys", _l("API keys"), "key-round"),
                Entry("admin.show_audit", _l("Audit log"), "scroll-text"),
                Entry("admin.list_mails", _l("Mail"), "mail"),
                Entry("admin.show_queue", _l("Queue"), "list-checks"),
            ),
        ),
    ),
}


def sections_for(role: str) -> list[Section]:
    """The navigation of a role (`shopper` for those without an account), without empty sections."""
    shown = (Section(each.label, tuple(entry for entry in each.entries if entry.exists)) for each in NAVIGATION[role])
    return [section for section in shown if section.entries]
