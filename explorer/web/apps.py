"""Registers this package as a Django app, with its checks for a site that serves others. It starts nothing."""

from django.apps import AppConfig

from explorer.web.edge import checks

__all__ = ["WebConfig", "checks"]


class WebConfig(AppConfig):
    name = "explorer.web"
