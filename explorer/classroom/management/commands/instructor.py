"""`manage.py instructor`: makes an account for an instructor or operator. It asks for what is missing. A password is not taken
as an argument."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.urls import reverse

from explorer.classroom.people.access import INSTRUCTOR, OPERATOR
from explorer.classroom.people.who import Taken, make_person
from explorer.database.home import NotItsHome, database_file, make_home

TRIES = 3


class Command(BaseCommand):
    help = "Makes an instructor, who runs classes of their own, or an operator, who runs everything."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", help="the name to log in with; asked for when left out")
        parser.add_argument("--password-file", help="a file whose first line is the password; - reads standard input")
        parser.add_argument("--operator", action="store_true", help="an operator, not an instructor")
        parser.add_argument("--renew", action="store_true", help="one who exists is given this password and role")

    def handle(self, *args: Any, **options: Any) -> None:
        make_room()  # before the first start too
        call_command("migrate", verbosity=0, interactive=False)
        role = OPERATOR if options["operator"] else INSTRUCTOR
        guided = options["password_file"] is None
        if guided and not sys.stdin.isatty():
            fail("there is no terminal to ask for the password: give it with --password-file FILE, or - for standard input")
        name = options["name"] or (ask(f"Name of the {role}: ") if guided else fail("--password-file needs --name too"))
        for left in reversed(range(TRIES if guided else 1)):
            password = ask_password() if guided else read_password(options["password_file"])
            try:
                person = make_person(name, password, role, options["renew"])
            except Taken:
                fail(f"there is a user {name!r} already; --renew gives them a new password and this role")
            except ValidationError as error:
                sentence = " ".join(error.messages)
                print(f"✗ {sentence}", file=sys.stderr)
                if not left or hasattr(error, "error_dict"):  # a bad name stays bad with another password
                    fail("nobody was made")
            else:
                break
        print(f"✓ {role} {person.get_username()}; log in at {login_address()}")


def make_room() -> None:
    """Makes the directory of the database as the first start would."""
    settings.STATE_DIR.mkdir(mode=0o755, parents=True, exist_ok=True)
    if file := database_file(settings.DATABASES["default"]):
        try:
            make_home(file, settings.WEB_UID if os.geteuid() == 0 else None, settings.DATABASE_FORMER)
        except NotItsHome as error:
            fail(str(error))


def ask(question: str) -> str:
    try:
        return input(question)
    except (EOFError, KeyboardInterrupt):
        fail("stopped; nobody was made")


def ask_password() -> str:
    try:
        first = getpass.getpass("Password (not shown): ")
        while getpass.getpass("Once more: ") != first:
            print("These two differ. " + " ".join(password_validators_help_texts()), file=sys.stderr)
            first = getpass.getpass("Password (not shown): ")
    except (EOFError, KeyboardInterrupt):
        fail("stopped; nobody was made")
    return first


def read_password(path: str) -> str:
    try:
        text = sys.stdin.readline() if path == "-" else Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"the password could not be read from {path}: {error}")
    return text.splitlines()[0] if text else ""


def login_address() -> str:
    host = "localhost" if settings.BIND in {"127.0.0.1", "0.0.0.0", "::", "::1", ""} else settings.BIND  # noqa: S104
    return f"http://{host}:{settings.PORT}{reverse('login')}"


def fail(sentence: str) -> NoReturn:
    print(f"✗ {sentence}", file=sys.stderr)
    sys.exit(1)
