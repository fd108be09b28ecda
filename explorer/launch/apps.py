"""Registers this package with Django for its command `up`; it starts nothing."""

from django.apps import AppConfig


class LaunchConfig(AppConfig):
    name = "explorer.launch"
