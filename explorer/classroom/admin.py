"""Django's admin imports this file, which imports the tables of the panel."""

from explorer.classroom.panel import accounts, audit, classes, comparisons, learners, lessons, nodes, sandboxes, seats

__all__ = ["accounts", "audit", "classes", "comparisons", "learners", "lessons", "nodes", "sandboxes", "seats"]
