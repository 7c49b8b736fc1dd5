"""Whom we count: an account, or a name that somebody shops under."""

from dataclasses import dataclass

from app.kit.text import fold


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who shops. The name is a label; only an account makes it theirs."""

    name: str
    user_id: int | None = None

    @property
    def key(self) -> str:
        """`user:5` or `name:ada`: the form in which uses and limits are counted, never mixed."""
        return f"name:{fold(self.name)}" if self.user_id is None else f"user:{self.user_id}"

    @property
    def has_account(self) -> bool:
        return self.user_id is not None
