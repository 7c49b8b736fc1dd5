"""The floor: a bare Flask route that does nothing at all."""

from flask import Flask

app = Flask(__name__)


@app.post("/hello")
def hello() -> dict[str, str]:
    return {"message": "hello"}
