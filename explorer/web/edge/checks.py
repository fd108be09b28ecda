"""Checks of our own for `manage.py check --deploy`: settings with which a site for others would be less safe than it looks."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def check_production(app_configs: Any, **_: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not settings.PRODUCTION:
        found.append(warn(1, "EXPLORER_PRODUCTION is not set, so cookies are also sent without TLS.", "EXPLORER_PRODUCTION=1"))
    if not settings.TRUSTED_PROXIES:
        found.append(
            warn(
                2,
                "No proxy is trusted. Behind a proxy, all visitors would count as one address, and TLS would not be seen.",
                "EXPLORER_TRUSTED_PROXIES=address of the proxy that ends TLS",
            )
        )
    if plain := [origin for origin in settings.ORIGINS if not origin.startswith("https://")]:
        found.append(warn(3, f"Origins without TLS are allowed: {', '.join(plain)}.", "EXPLORER_ORIGINS=https://…"))
    if "*" in settings.ALLOWED_HOSTS:
        found.append(warn(4, "Any host name is served.", "ALLOWED_HOSTS=names of this site"))
    return found


def warn(number: int, sentence: str, cure: str) -> CheckMessage:
    return Warning(sentence, hint=cure, id=f"explorer.W{number:03}")
