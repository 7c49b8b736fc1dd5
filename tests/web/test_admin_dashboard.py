"""The admins' dashboard adds up what is in the books."""

from collections.abc import Callable

from flask.testing import FlaskClient

from tests import make
from tests.counting import count_statements


def test_the_start_page_leads_everybody_home(client: FlaskClient, sign_in: Callable[..., None]) -> None:
    assert client.get("/").location == "/store"
    for role in ("client", "coach", "admin"):
        sign_in(client, make.user(role=role))
        assert client.get("/").location == f"/{role}"


def test_an_empty_business_has_a_dashboard_too(client: FlaskClient, sign_in: Callable[..., None]) -> None:
    sign_in(client, make.user(role="admin"))
    answer = client.get("/admin")
    assert answer.status_code == 200
    assert "No orders yet" in answer.text


def test_the_dashboard_takes_a_fixed_number_of_statements(client: FlaskClient, sign_in: Callable[..., None]) -> None:
    sign_in(client, make.user(role="admin"))
    with count_statements() as sent:
        client.get("/admin")
    assert len(sent) <= 12, sent
