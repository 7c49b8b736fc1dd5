"""What somebody is shown of how far they have come."""

import pytest
from sqlalchemy import update

from app.accounts.persons import Person
from app.deals import service as deals
from app.deals.models import DealSpend
from app.deals.service import Shopper
from app.kit.db import db, unit_of_work
from tests import make


@pytest.mark.usefixtures("app")
def test_a_session_without_a_key_sees_nothing_of_what_no_session_may_see() -> None:
    ada = Person("ada")
    make.deal()
    make.spend(ada, 3000, visit="of somebody")
    with unit_of_work():
        db.session.execute(update(DealSpend).values(visit=None))
    (card,) = deals.cards(Shopper(ada), 0, make.NOW)
    assert card.standing is not None
    assert card.standing.spent_cents == 0
