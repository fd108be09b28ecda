"""What hosts run containers with, in words."""

from __future__ import annotations

from django import template

from explorer.network.engines import PODMAN, title

register = template.Library()
register.filter("engine_title", title)


@register.filter
def short_title(engine: str) -> str:
    """As in a list under the words Docker Engine: `28`, or `Podman`."""
    return title(engine) if engine == PODMAN else engine
