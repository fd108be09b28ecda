"""Registers the app; starts nothing."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "explorer.web"
