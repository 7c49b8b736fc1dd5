"""The bundled Valkey: real, durable, ours alone."""

import stat
from pathlib import Path

import pytest
import redis

from app.kit import valkey
from app.kit.processes import stop


def test_what_was_queued_survives_a_kill(tmp_path: Path) -> None:
    url = valkey.url_of(tmp_path)
    first = valkey.start(tmp_path, url)
    with redis.Redis.from_url(url) as connection:
        connection.rpush("queue", "job")
        connection.waitaof(1, 0, 5000)
    first.kill()
    first.wait()
    second = valkey.start(tmp_path, url)
    with redis.Redis.from_url(url) as connection:
        assert connection.lrange("queue", 0, -1) == [b"job"]
    stop(second)


def test_only_we_can_open_its_socket(tmp_path: Path) -> None:
    folder = tmp_path / "v"
    server = valkey.start(folder, valkey.url_of(folder))
    try:
        assert stat.S_IMODE((folder / "valkey.sock").stat().st_mode) == 0o700
    finally:
        stop(server)


def test_a_path_too_long_for_a_socket_gets_a_port(tmp_path: Path) -> None:
    assert valkey.url_of(tmp_path / ("x" * 100)).startswith("redis://127.0.0.1:")


def test_one_that_does_not_start_says_where_to_look(tmp_path: Path) -> None:
    log = tmp_path / "appendonlydir" / "appendonly.aof.manifest"
    log.parent.mkdir()
    log.write_text("this is no manifest\n")
    with pytest.raises(valkey.NoValkey, match=r"why is in .*valkey\.log"):
        valkey.start(tmp_path, valkey.url_of(tmp_path))
    assert "manifest" in (tmp_path / "valkey.log").read_text()
