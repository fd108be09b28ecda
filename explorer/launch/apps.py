"""Registers the app for its command; starts nothing."""

from django.apps import AppConfig


class LaunchConfig(AppConfig):
    name = "explorer.launch"
