"""A wish of a page and the order to a node are one type; what a browser may not say is added beside it, never by it."""

from typing import Any

import pytest
from pydantic import ValidationError

from explorer.sandboxes import orders
from explorer.sandboxes.orders import (
    SANDBOX_WISH,
    TERMINAL_WISH,
    WISH_TYPES,
    FollowJourney,
    Order,
    StartCapture,
    TypeInTerminal,
)
from tests.attacks import attack

WEATHER = '"delay_ms":50.0,"jitter_ms":5.0,"loss_percent":1.5,"rate_kbit":64,"mtu":1400'
SAID: list[tuple[Any, str]] = [
    (SANDBOX_WISH, '{"type":"open_terminal","place":"h1/web","columns":100,"rows":30}'),
    (SANDBOX_WISH, '{"type":"close_terminal","terminal":"t-1"}'),
    (SANDBOX_WISH, '{"type":"follow_journey","source":"h1","target":"web.example","kind":"dns","port":53,"family":6}'),
    (SANDBOX_WISH, '{"type":"start_capture","place":"h1","interface":"eth0","expression":"arp","ring":true}'),
    (SANDBOX_WISH, '{"type":"stop_capture","capture":"c1"}'),
    (SANDBOX_WISH, '{"type":"measure_grid"}'),
    (SANDBOX_WISH, f'{{"type":"set_weather","place":"h1/web","interface":"eth0",{WEATHER}}}'),
    (TERMINAL_WISH, '{"type":"resize_terminal","columns":80,"rows":24}'),
    (TERMINAL_WISH, '{"type":"acknowledge_terminal","offset":12}'),
]


@pytest.mark.parametrize(("wishes", "text"), SAID, ids=lambda value: value if isinstance(value, str) else "")
def test_what_a_page_says_reaches_the_relay_as_it_was_said(wishes, text):
    wish = wishes.validate_json(text)
    order = Order.model_validate_json(Order(sandbox="s", about="it", wish=wish).model_dump_json())
    assert order == Order(sandbox="s", about="it", wish=wish)
    assert order.wish.model_dump_json() == text


def test_every_wish_of_a_page_is_among_these():
    said = {wishes.validate_json(text).type for wishes, text in SAID}
    assert said == WISH_TYPES - {"type_in_terminal", "look_again"}


@attack("a page's message with {more}", origin="page", expected="refused", held_by="typed messages")
@pytest.mark.parametrize("more", ['"sandbox":"another"', '"about":"t2"', '"answered":true', '"terminal":"t2"'])
@pytest.mark.parametrize("wish", ['"type":"measure_grid"', '"type":"open_terminal","place":"h1"'])
def test_a_page_cannot_say_what_the_edge_adds(wish, more):
    with pytest.raises(ValidationError):
        SANDBOX_WISH.validate_json(f"{{{wish},{more}}}")


@attack("the message {type_} from a page", origin="page", expected="refused", held_by="typed messages")
@pytest.mark.parametrize("type_", ["look_again", "type_in_terminal", "resize_terminal", "take", "__class__"])
def test_a_page_of_a_sandbox_has_no_other_words(type_):
    with pytest.raises(ValidationError):
        SANDBOX_WISH.validate_json(f'{{"type":"{type_}","data":"eA==","columns":80,"rows":24}}')


def test_typed_bytes_stay_bytes():
    everything = bytes(range(256))
    order = Order(sandbox="s", about="t", wish=TypeInTerminal(data=everything))
    assert Order.model_validate_json(order.model_dump_json()).wish.data == everything


@pytest.mark.parametrize("byte", [b"\x01", b"a", b"\xff"])
def test_the_most_that_is_typed_at_once_fits_an_order(byte):
    order = Order(sandbox="s" * 32, about="t" * 64, wish=TypeInTerminal(data=byte * orders.TYPED_BYTES))
    assert len(order.model_dump_json().encode()) <= orders.ORDER_BYTES
    with pytest.raises(ValidationError):
        TypeInTerminal(data=byte * (orders.TYPED_BYTES + 1))


def test_a_journey_is_asked_for_in_the_words_of_the_network():
    asked = FollowJourney(source="h1", target="outside", kind="tcp", port=8080).asked
    assert (asked.source, asked.target, asked.kind, asked.port) == ("h1", "outside", "tcp", 8080)


@pytest.mark.parametrize("field", ["place", "interface"])
def test_an_empty_name_is_no_name(field):
    with pytest.raises(ValidationError):
        StartCapture.model_validate({"place": "h1", "interface": "eth0", field: ""})
