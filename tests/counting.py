"""How many SQL statements a piece of work costs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

FREE = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|SET|SHOW)\b", re.IGNORECASE)
SIGN_IN = re.compile(r"FROM users\s+WHERE users\.id = (?!ANY)")


class Statements(list[str]):
    """The statements sent, without those of transactions and of loading the signed-in user."""

    def __str__(self) -> str:
        return "\n\n".join(self)


@contextmanager
def count_statements() -> Iterator[Statements]:
    """`with count_statements() as sent: …; assert len(sent) <= 4, sent`. Counts every engine and thread."""
    sent = Statements()

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not FREE.match(statement) and not SIGN_IN.search(statement):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
