"""`manage.py forget --older-than DAYS`: deletes the personal data of old classes and of learners not seen for that long."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from explorer.classroom.after.forgetting import forget_by_age


class Command(BaseCommand):
    help = (
        "Deletes names, ways back, learners and their progress: of classes that ended, and of learners without a class who "
        "were seen last, so many days ago. Counts and the audit log stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--older-than", type=int, required=True, metavar="DAYS", help="at least 1")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["older_than"] <= 36_500:
            raise CommandError(f"--older-than {options['older_than']}: expected a whole number of days, at least 1")
        gone = forget_by_age(options["older_than"])
        print(f"✓ forgotten: {gone['classes']} classes, {gone['learners']} learners without a class")
