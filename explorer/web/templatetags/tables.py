"""Tables as JSON for a page's elements (static/js/page/tables.js), so that no list has to be written twice."""

from __future__ import annotations

from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString

from explorer.network import drivers, views

register = template.Library()


@register.simple_tag
def table_of_views() -> SafeString:
    return json_script(views.for_page(), "table-views")


@register.simple_tag
def table_of_links() -> SafeString:
    return json_script(drivers.links_for_page(), "table-links")
