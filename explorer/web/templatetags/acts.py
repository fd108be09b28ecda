"""The forms of a class's actions for templates. A template gives the class, or the class and a seat."""

from __future__ import annotations

from django import template

from explorer.classroom.models import Class, Seat
from explorer.web.teach.forms import Form, Forms, forms_for, forms_that_follow

register = template.Library()


@register.simple_tag
def acts_for(klass: Class, seat: Seat | None = None) -> Forms:
    return forms_for(klass, seat)


@register.simple_tag
def acts_that_follow(klass: Class) -> list[Form]:
    return forms_that_follow(klass)
