"""Registers this package as a Django app. It starts nothing."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "explorer.web"
