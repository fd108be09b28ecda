"""Registers the app, for its tasks and commands; it has no tables."""

from django.apps import AppConfig


class NodeConfig(AppConfig):
    name = "explorer.node"
    label = "node"
