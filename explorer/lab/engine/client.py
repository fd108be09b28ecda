"""A client of the node's own Docker engine, and how long to wait for its answers.

The client uses the engine's own socket. It takes no address of another Docker, no proxy and no netrc file from the
environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from docker.errors import DockerException

import docker
from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.errors import NodeError

PING_SECONDS = patient(3)
CALL_SECONDS = patient(60)


class _Api(docker.APIClient):
    """Every call of requests' sessions reads proxies from the environment and looks for a netrc file, unless this is false."""

    trust_env = property(lambda self: False, lambda self, value: None)


class _Client(docker.DockerClient):
    def __init__(self, **words: Any) -> None:
        self.api = _Api(**words)


def connect(config: LabConfig) -> docker.DockerClient:
    """A client of the node's engine. Raises NodeError within seconds when the engine does not answer."""
    try:
        client = _Client(base_url=f"unix://{config.socket}", timeout=PING_SECONDS, version="auto")
    except (DockerException, requests.RequestException, OSError) as error:
        raise NodeError("The node's engine does not answer.", str(error)) from error
    client.api.timeout = CALL_SECONDS
    return client


@contextmanager
def session(config: LabConfig) -> Iterator[docker.DockerClient]:
    """A client that is closed after the block. An error of the engine in the block becomes a NodeError."""
    client = connect(config)
    try:
        yield client
    except (DockerException, requests.RequestException) as error:
        raise NodeError("The node's engine failed.", str(error)[:1000]) from error
    finally:
        client.close()
