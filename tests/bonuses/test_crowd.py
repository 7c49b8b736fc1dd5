"""Many claims, made by the database itself, and still books that hold and a view that adds up."""

import pytest

from app.bonuses import claims
from tests import crowd_bonuses
from tests.bonuses.reading import faults

pytestmark = pytest.mark.usefixtures("app")


def test_a_crowd_of_claims_agrees_with_its_books() -> None:
    bonus = crowd_bonuses.claims(8000)
    assert faults() == []
    told = claims.stats_of(bonus.id)
    assert (told.total_claims, told.active_claims, told.completed_claims, told.cancelled_claims) == (
        8000,
        2000,
        4000,
        2000,
    )
    assert (told.total_bonus_cents, told.total_turnover_cents) == (1_600_000, 800_000)
