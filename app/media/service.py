"""Taking pictures in, handing them out, and clearing away those that nothing shows any more."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import IO

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from app.config import settings
from app.errors import DomainError
from app.kit.db import db, let_go
from app.media import pictures
from app.media.rules import SIZES, file_name, is_name, new_name, picture_of
from app.media.storage import UNFINISHED, Storage, storage_at

UNUSED_FOR = timedelta(days=1)
AT_ONCE = 500
_columns: set[InstrumentedAttribute[str | None]] = set()


def keeps(column: InstrumentedAttribute[str | None]) -> None:
    """What this column names is in use: the sweep leaves it alone."""
    _columns.add(column)


def take(data: bytes) -> str:
    """Store a picture in all its sizes, and return its name. Not for inside a unit of work: it takes a second.

    Raises InvalidImage, ImageTooLarge, StorageFull, StorageAway; then nothing is stored. A picture that no kept column
    names is swept away after a day.
    """
    let_go()
    drawn = pictures.draw(data)
    picture, storage = new_name(*drawn.dimensions), _storage()
    try:
        for size, drawing in drawn.files.items():
            storage.put(file_name(picture, size), drawing)
    except DomainError:
        with suppress(DomainError):
            _remove(storage, picture)
        raise
    return picture


def has(picture: str) -> bool:
    """Whether there is such a picture; any text may be asked about. Raises StorageAway."""
    return is_name(picture) and _storage().has(file_name(picture, "large"))


def opened(file: str) -> tuple[IO[bytes], int] | None:
    """One size of a picture, to read and close, and its length; None if it isn't ours. Raises StorageAway."""
    return _storage().open(file) if picture_of(file) else None


def sweep(now: datetime) -> int:
    """Remove pictures that are older than a day and in no kept column; how many. No transaction is held meanwhile."""
    storage = _storage()
    old = list(storage.older_than(now - UNUSED_FOR))
    for file in old:
        if file.endswith(UNFINISHED):
            storage.delete(file)
    found = sorted({picture for file in old if (picture := picture_of(file))})
    unused = [picture for some in _by(AT_ONCE, found) for picture in _unused(some)]
    for picture in unused:
        _remove(storage, picture)
    return len(unused)


def _unused(some: Collection[str]) -> list[str]:
    used = {name for column in _columns for name in db.session.scalars(select(column).where(column.in_(some)))}
    let_go()
    return [picture for picture in some if picture not in used]


def _by(size: int, names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]


def _remove(storage: Storage, picture: str) -> None:
    for size in SIZES:
        storage.delete(file_name(picture, size))


def _storage() -> Storage:
    return storage_at(settings().media_url)
