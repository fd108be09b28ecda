"""Registers this package as a Django app, for its tasks and commands. It has no tables."""

from django.apps import AppConfig


class NodeConfig(AppConfig):
    name = "explorer.node"
    label = "node"
