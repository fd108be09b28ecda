"""The names that Compose gives in labels: of a project, of a service in it, of a network in it.

Labels are under the learner's control. Only a name that Compose itself would accept is read; anything else counts as no label.
"""

from __future__ import annotations

import re

_PROJECT, _SERVICE, _NETWORK = (f"com.docker.compose.{word}" for word in ("project", "service", "network"))
_PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,63}", re.ASCII)


def service_of(labels: object) -> tuple[str, str]:
    """(project, service) of a container; both are empty when its labels do not name both."""
    return _both(labels, _SERVICE)


def network_of(labels: object) -> tuple[str, str]:
    """(project, name in the project's file) of a network; both are empty when its labels do not name both."""
    return _both(labels, _NETWORK)


def _both(labels: object, second: str) -> tuple[str, str]:
    if not isinstance(labels, dict):
        return "", ""
    project, name = labels.get(_PROJECT), labels.get(second)
    if isinstance(project, str) and isinstance(name, str) and _PROJECT_NAME.fullmatch(project) and _NAME.fullmatch(name):
        return project, name
    return "", ""
