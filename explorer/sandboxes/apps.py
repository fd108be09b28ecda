"""Registers this package as a Django app. It starts nothing."""

from django.apps import AppConfig


class SandboxesConfig(AppConfig):
    name = "explorer.sandboxes"
    default_auto_field = "django.db.models.BigAutoField"
