"""Registers this package as a Django app. It starts nothing."""

from django.apps import AppConfig


class ClassroomConfig(AppConfig):
    name = "explorer.classroom"
    default_auto_field = "django.db.models.BigAutoField"
