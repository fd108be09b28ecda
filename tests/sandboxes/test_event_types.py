"""The type of an event stands beside it in the stream; an entry written by an older version is read for it."""

import pytest

from explorer.sandboxes import streams
from explorer.sandboxes.events import Happened, SandboxChanged, events_key, type_of


def test_a_published_event_says_its_type_in_a_field_of_its_own(redis):
    streams.publish(redis, "a", SandboxChanged(state="ready"))
    streams.publish(redis, "a", Happened(source="docker", text='"type":"lesson_moved"'))
    entries = redis.xrange(events_key("a"))
    assert [fields[b"t"] for _, fields in entries] == [b"sandbox_changed", b"happened"]
    assert [type_of(fields) for _, fields in entries] == ["sandbox_changed", "happened"]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({b"e": b'{"number":1,"at":2.0,"type":"happened","text":"x"}'}, "happened"),  # as until this version
        ({b"e": b'{"number":1,"text":"' + b"x" * 300 + b'","type":"happened"}'}, "happened"),
        ({b"t": b"happened", b"e": b"not read"}, "happened"),
        ({b"e": b"{"}, ""),
        ({b"e": b"[1]"}, ""),
        ({b"e": b"{}"}, ""),
        ({}, ""),
    ],
)
def test_the_type_of_any_entry(fields, kind):
    assert type_of(fields) == kind
