"""`{% class_bar %}`: the bar of the class in which the page's learner sits."""

from __future__ import annotations

from typing import Any

from django import template

from explorer.web.seat.bar import describe_bar

register = template.Library()


@register.inclusion_tag("class/_bar.html", takes_context=True)
def class_bar(context: template.Context) -> dict[str, Any]:
    return describe_bar(context["my_seat"] or None)
