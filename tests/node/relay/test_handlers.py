"""The word in a wish's `type` is the name of its handler: in the web process, and in the relay exactly one."""

from typing import get_args

import pytest

from explorer.live.sandbox import SandboxSocket
from explorer.live.terminal import TerminalSocket
from explorer.node.relay.captures import Captures
from explorer.node.relay.grid import GridDesk
from explorer.node.relay.journeys import JourneyDesk
from explorer.node.relay.process import Relay
from explorer.node.relay.sandbox_watch import handlers_of
from explorer.node.relay.terminals import Terminals
from explorer.node.relay.weather import WeatherDesk
from explorer.sandboxes.orders import WISH_TYPES, PageWish, TerminalWish

HANDLERS = (Relay, Terminals, Captures, JourneyDesk, GridDesk, WeatherDesk)


@pytest.mark.parametrize("name", sorted(WISH_TYPES))
def test_the_relay_has_one_handler_for_it(name):
    assert len([kind for kind in HANDLERS if hasattr(kind, name)]) == 1


@pytest.mark.parametrize(("socket", "wishes"), [(SandboxSocket, PageWish), (TerminalSocket, TerminalWish)])
def test_the_edge_has_a_handler_for_all_that_it_takes(socket, wishes):
    taken = {wish.model_fields["type"].default for wish in get_args(wishes)}
    assert taken
    assert all(callable(getattr(socket, name)) for name in taken)


def test_handlers_are_found_by_name_whatever_else_a_desk_can_do():
    class Desk:
        def measure_grid(self, about, wish): ...
        def close_all(self): ...

    desk = Desk()
    assert handlers_of(desk) == {"measure_grid": desk.measure_grid}
