"""The page of all components is there for those who build with them, and for nobody else."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import settings


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_styleguide_is_only_there_in_development(app: Flask, client: FlaskClient) -> None:
    assert client.get("/styleguide").status_code == 404
    developing = create_app(replace(settings(app), environment="development"))
    assert developing.test_client().get("/styleguide").status_code == 200
