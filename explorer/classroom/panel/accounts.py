"""Accounts of instructors and operators. `manage.py instructor` makes them; here they are closed and opened again."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.auth.models import User as Account
from django.db import transaction
from django.db.models import Count, QuerySet
from unfold.decorators import display

from explorer.classroom.panel.base import Table, Wish
from explorer.classroom.people.access import User, role_of
from explorer.classroom.people.audit import note
from explorer.classroom.people.sessions import end_all
from explorer.sandboxes.limits import Refused

admin.site.unregister(Group)  # the two roles; others are not made
admin.site.unregister(Account)


def close(user: User, account: Account) -> str:
    if account.pk == user.pk:
        raise Refused("yourself", "This is your own account; another operator can close it.")
    _set_active(user, account, False, "close account", "It is closed already.")
    return "It can no longer log in; who is logged in by it is out."


def reopen(user: User, account: Account) -> str:
    _set_active(user, account, True, "reopen account", "It is open already.")
    return "It can log in again."


def _set_active(user: User, account: Account, active: bool, action: str, already: str) -> None:
    with transaction.atomic():
        if not Account.objects.filter(pk=account.pk, is_active=not active).update(is_active=active):
            raise Refused("already", already, account=account.pk)
        if not active:
            end_all(account.pk)
        note(user, action, account=account.get_username())


@admin.register(Account)
class AccountTable(Table):
    list_display = ("username", "role", "open", "classes", "last_login", "date_joined")
    list_filter = ("groups", "is_active")
    search_fields = ("username",)
    ordering = ("username",)
    fields = readonly_fields = ("username", "role", "open", "classes", "last_login", "date_joined")
    wishes = (
        Wish("close", "Close account", close, "Who has these accounts can no longer log in. Their classes stay."),
        Wish("reopen", "Reopen account", reopen),
    )

    def rows_of(self, user: User) -> QuerySet[Account]:
        return Account.objects.annotate(held=Count("classes")).prefetch_related("groups")

    @display(description="role", label={"operator": "info", "instructor": "success", "none": "warning"})
    def role(self, account: Account) -> str:
        return role_of(account) or "none"

    @display(description="open", boolean=True)
    def open(self, account: Account) -> bool:
        return account.is_active

    @display(description="classes", ordering="held")
    def classes(self, account: Account) -> int:
        return int(getattr(account, "held", 0))
