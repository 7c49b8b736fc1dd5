"""A failed sign-in takes as long whoever was meant."""

from typing import Any

import pytest
from argon2 import PasswordHasher

from app.accounts import credentials, passwords
from app.accounts import service as accounts
from app.accounts.errors import WrongCredentials
from app.kit.db import unit_of_work
from tests import make


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that the slow verification was asked about."""
    asked: list[str] = []
    real = PasswordHasher.verify

    def verify(self: PasswordHasher, kept: str | bytes, password: str | bytes) -> Any:
        asked.append(str(kept))
        return real(self, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    return asked


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("login", ["known", "unknown", "inactive", "invited", "unknown@example.com"])
def test_one_hash_of_the_same_cost_is_verified_for_everybody(verified: list[str], login: str) -> None:
    make.user(username="known")
    make.user(username="inactive", is_active=False)
    with unit_of_work():
        accounts.create_user(
            username="invited", email="i@example.com", password_hash=accounts.NO_PASSWORD, now=make.NOW
        )
    with pytest.raises(WrongCredentials):
        credentials.authenticate(login, "wrong", address="10.0.0.1")
    assert len(verified) == 1
    costs = verified[0].rsplit("$", 2)[0]
    assert costs == passwords.hash_password("anything").rsplit("$", 2)[0]
