"""What games can hand out, and how admins keep the list. Callers own the transaction."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Select, func, select

from app.audit import service as audit
from app.audit.service import Actor
from app.catalog import rows
from app.catalog.errors import RewardItemInUse
from app.catalog.models import RewardItem
from app.kit.db import db

_promised: list[Callable[[str], bool]] = []


@dataclass(frozen=True, slots=True)
class RewardItemDetails:
    """All that an admin decides about a reward item once it has its id."""

    name: str
    image: str | None = None


def listed(*, search: str = "") -> Select[RewardItem]:
    """Every reward item, by name."""
    query = select(RewardItem).order_by(func.lower(RewardItem.name), RewardItem.id)
    return query.where(rows.mentions(search, RewardItem.name, RewardItem.item_id)) if search else query


def one(reward_item_id: int) -> RewardItem:
    """Raises NotFound."""
    return rows.found(db.session.get(RewardItem, reward_item_id))


def names(item_ids: Sequence[str]) -> dict[str, str]:
    """The names of those that the catalogue knows, by their ids."""
    if not item_ids:
        return {}
    found = db.session.execute(select(RewardItem.item_id, RewardItem.name).where(RewardItem.item_id.in_(item_ids)))
    return {row.item_id: row.name for row in found}


def create(item_id: str, details: RewardItemDetails, *, actor: Actor) -> RewardItem:
    """Raises ItemIdTaken."""
    made = RewardItem(item_id=item_id, **asdict(details))
    db.session.add(made)
    rows.write()
    audit.record(actor, "reward_item.created", "reward_item", made.id, after={"item_id": item_id, **asdict(details)})
    return made


def change(reward_item_id: int, details: RewardItemDetails, *, version: int | None = None, actor: Actor) -> RewardItem:
    """Change all but the id, by which games know it. Raises NotFound, Stale."""
    changed = rows.to_change(db.session.get(RewardItem, reward_item_id, with_for_update=True), version)
    before = rows.state(changed, RewardItemDetails)
    rows.assign(changed, asdict(details))
    changed.version += 1
    audit.record(actor, "reward_item.changed", "reward_item", changed.id, before, asdict(details))
    return changed


def promised_where(is_promised: Callable[[str], bool]) -> None:
    """Tell whether another room promises the item of an id: then it isn't deleted."""
    if is_promised not in _promised:
        _promised.append(is_promised)


def delete(reward_item_id: int, *, actor: Actor) -> RewardItem:
    """Forget one that nothing promises. Raises NotFound, RewardItemInUse."""
    gone = one(reward_item_id)
    if any(is_promised(gone.item_id) for is_promised in _promised):
        raise RewardItemInUse
    before = {"item_id": gone.item_id, **rows.state(gone, RewardItemDetails)}
    audit.record(actor, "reward_item.deleted", "reward_item", gone.id, before=before)
    rows.delete(gone, RewardItemInUse)
    return gone
