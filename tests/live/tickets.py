"""A ticket for a terminal, put into Redis as the web process does it when the page asks (see `test_tickets.py`)."""

from __future__ import annotations

import secrets
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import redis as redis_package
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.signed_cookies import SessionStore

from explorer.classroom.people.sessions import LOGIN
from explorer.live.tickets import PROTOCOL_TICKET, TICKET_SECONDS, Ticket
from explorer.sandboxes.events import TerminalFacts, terminals_key, ticket_key


def protocols_for(redis: redis_package.Redis, address: str, cookies: str, embedded: str = "") -> list[str]:
    """The subprotocols with which whoever has these cookies opens this address; `embedded` is the learner of an embedded
    page. Nothing for an address that is not a terminal's or a terminal that is not there."""
    parts = urlsplit(address)
    if not parts.path.startswith("/ws/terminal/"):
        return []
    query, terminal = parse_qs(parts.query), parts.path.split("/")[3]
    sandbox = query.get("sandbox", [""])[-1]
    raw = redis.hget(terminals_key(sandbox), terminal)
    place = TerminalFacts.model_validate_json(raw).place if isinstance(raw, bytes) else ""
    asker = f"{embedded}  frame" if embedded else asker_of(cookies, watching="watch" in query)
    text = secrets.token_urlsafe(32)
    ticket = Ticket(asker=asker, sandbox=sandbox, terminal=terminal, place=place)
    redis.set(ticket_key(text), ticket.model_dump_json(), ex=TICKET_SECONDS)
    return ["explorer", PROTOCOL_TICKET + text]


def asker_of(cookies: str, watching: bool) -> str:
    found = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    session = SessionStore(found.value if found else None).load() if found and found.value else {}
    return f"user {session.get(SESSION_KEY)} {session.get(LOGIN)} " if watching else f"{session.get('learner')}  "
