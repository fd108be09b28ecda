"""A class that seems to work, in the installation of the environment. Nothing runs: its sandboxes are rows on a node that is
somewhere else, and their events are put into the real Redis as a relay would.

    python -m bench.busy_class make SEATS           prints the class's id, and name and password of its instructor
    python -m bench.busy_class move CLASS SECONDS   commands, what they change on a host, and ticks; prints each tick as it is
                                                    committed: seat, checks green in all, Unix time
"""

from __future__ import annotations

import json
import os
import random
import secrets
import sys
import time
from datetime import timedelta
from typing import Any

EACH_COMMANDS, EACH_TICKS = 3.0, 15.0  # seconds between two of one learner
LINES = 60  # of a view that is told: some 5 KB, as a host's rules are
NAMES = "Ada Ben Cem Dana Eva Finn Gita Hugo Ines Jan Kofi Lea Mio Nora Omar Pia Quim Rosa Sami Tea Uma Vera Wim Xenia Yara Zoe"


def make(seats: int) -> dict[str, str]:
    from django.contrib.auth.models import Group, User
    from django.utils import timezone

    from explorer.classroom.models import Class, Seat
    from explorer.sandboxes.models import Learner, Node, Sandbox

    now = timezone.now()
    password = secrets.token_urlsafe(12)
    teacher = User.objects.create_user(f"bench-{secrets.token_hex(4)}", password=password)
    teacher.groups.add(Group.objects.get_or_create(name="instructor")[0])
    elsewhere, _ = Node.objects.get_or_create(name="elsewhere", defaults={"seen_at": now + timedelta(days=1), "draining": True})
    klass = Class.objects.create(
        title="Networks", instructor=teacher, lessons=["bridge", "host", "macvlan"], ends_at=now + timedelta(hours=3)
    )
    names = NAMES.split()
    for at in range(seats):
        learner = Learner.objects.create()
        name = names[at % len(names)] + (f" {at // len(names) + 1}" if at >= len(names) else "")
        Seat.objects.create(klass=klass, learner=learner, name=name, recovery=f"{klass.pk}-{at}", lesson="bridge")
        Sandbox.objects.create(
            learner=learner, lesson="bridge", state="ready", phase="ready", node=elsewhere, ready_at=now,
            expires_at=now + timedelta(hours=3),
        )  # fmt: skip
    return {"class": klass.pk, "username": teacher.get_username(), "password": password}


class Mover:
    """All learners of a class, each at a pace of their own."""

    def __init__(self, klass: str) -> None:
        from explorer.classroom.models import Seat
        from explorer.sandboxes import streams

        self.redis = streams.redis()
        self.dice = random.Random(6)  # noqa: S311
        found = Seat.objects.filter(klass=klass).values_list("pk", "learner", "learner__sandboxes")
        self.seats = {seat: (learner, sandbox) for seat, learner, sandbox in found}
        self.green: dict[str, int] = dict.fromkeys(self.seats, 0)

    def here(self) -> None:
        from explorer.classroom.wall.lately import here_key

        for seat in self.seats:
            self.redis.set(here_key(seat), 1, ex=3600)

    def command(self, seat: str) -> None:
        """One command, and what it changed."""
        from explorer.network.model import Line, Observation
        from explorer.sandboxes import streams
        from explorer.sandboxes.events import Happened, ViewChanged

        sandbox = self.seats[seat][1]
        number = self.dice.randrange(1000)
        lines = tuple(
            Line(text=f"-A POSTROUTING -s 172.17.0.{at}/32 -j MASQUERADE # {number}", key=str(at)) for at in range(LINES)
        )
        rules = ViewChanged(place="h1", view="nat", observation=Observation(command="iptables-save -t nat", lines=lines))
        for event in (
            Happened(source="command", place="h1", text=f"docker run -d --name web{number} -p {8000 + number}:80 box"),
            rules,
            rules,
            Happened(source="docker", place="h1", text=f"container web{number} started"),
            rules,
        ):
            streams.publish(self.redis, sandbox, event)

    def tick(self, seat: str) -> dict[str, Any] | None:
        """The next check of the next step, as the relay records one; None when there is none left."""
        from explorer.lessons.load import load_lessons
        from explorer.sandboxes.progress import record_verdict

        checks = [
            (slug, step.id, check.id)
            for slug in ("bridge", "host", "macvlan")
            for step in load_lessons()[slug].steps
            for check in step.checks
        ]
        if self.green[seat] >= len(checks):
            return None
        slug, step, check = checks[self.green[seat]]
        record_verdict(self.seats[seat][0], slug, step, [check], {})
        self.green[seat] += 1
        return {"seat": seat, "green": self.green[seat], "at": time.time()}

    def move(self, seconds: float) -> int:
        """How many things were done. All due things in the order of their time; late ones are caught up with."""
        self.here()
        due: list[tuple[float, str, str]] = []
        for seat in self.seats:
            for kind, every in (("command", EACH_COMMANDS), ("tick", EACH_TICKS)):
                first = self.dice.random() * every
                due += [(first + turn * every, kind, seat) for turn in range(int((seconds - first) / every) + 1)]
        began = time.monotonic()
        for at, kind, seat in sorted(due):
            time.sleep(max(0.0, began + at - time.monotonic()))
            if kind == "command":
                self.command(seat)
            elif told := self.tick(seat):
                print(json.dumps(told), flush=True)
        if (took := time.monotonic() - began) > 1.1 * seconds:
            raise SystemExit(f"{seconds:.0f} s of a class's work took {took:.1f} s: this machine is too busy for it")
        return len(due)


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "explorer.settings")
    django.setup()
    if sys.argv[1] == "make":
        print(json.dumps(make(int(sys.argv[2]))))
    else:
        Mover(sys.argv[2]).move(float(sys.argv[3]))


if __name__ == "__main__":
    main()
