"""`manage.py dbshell`: the program sqlite3, as the owner of the database."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from django.db.backends.sqlite3 import client

from explorer.database.identity import identity_for


class DatabaseClient(client.DatabaseClient):
    def runshell(self, parameters: Iterable[str]) -> None:
        settings = self.connection.settings_dict
        args, _ = self.settings_to_cmd_args_env(settings, list(parameters))
        identity = identity_for(Path(settings["NAME"]))
        uid = identity.uid if identity else None
        subprocess.run(args, check=True, user=uid, group=uid, extra_groups=[] if uid else None)
