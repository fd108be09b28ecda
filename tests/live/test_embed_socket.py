"""Websockets of an embedded page: the pass is one of the subprotocols they offer."""

import pytest
from asgiref.sync import sync_to_async

from explorer.classroom.people.embed_pass import begin_embed, write_pass
from explorer.sandboxes.models import Learner
from tests.attacks import attack
from tests.live.tickets import protocols_for

pytestmark = pytest.mark.django_db(transaction=True)
SITE = "https://docs.example.org"


@pytest.fixture
def embed(settings):
    settings.EMBED_SITES = [SITE]
    return begin_embed(SITE)


@pytest.fixture
def embedded(opens, embed, sandbox, world):
    """A socket to the sandbox, which is the embedded page's, from a browser with this learner's cookie and this pass."""

    def open_(cookie_of=None, given="", address=world.address):
        socket = opens(address, cookie_of)
        ticket = protocols_for(world.redis, address, "", embedded=str(embed.learner))[1:]
        socket.scope["subprotocols"] = ["explorer", *ticket, f"frame.{given or write_pass(embed)}"]
        return socket

    sandbox.learner = Learner.objects.create(pk=embed.learner)
    sandbox.save()
    return open_


async def test_a_pass_opens_its_own_sandbox_and_the_agreed_protocol_is_named(embedded, world):
    world.publish()
    socket = embedded()
    await socket.send_input({"type": "websocket.connect"})
    assert await socket.receive_output(5) == {"type": "websocket.accept", "subprotocol": "explorer"}
    assert (await socket.numbered(1))[0]["number"] == 1


async def test_and_its_terminals(embedded, world):
    world.terminal()
    world.print(b"hello", 0)
    socket = await embedded(address=world.terminal_address()).opened()
    assert b"hello" in await socket.receive_from()


@attack("a websocket with a bad pass and a good cookie", origin="page", expected="refused", held_by="a pass alone counts")
@pytest.mark.parametrize("given", ["nonsense", "a.b"])
async def test_a_bad_pass_opens_nothing_whatever_the_cookie_says(embedded, learner, sandbox, given):
    sandbox.learner = learner
    await sync_to_async(sandbox.save)()
    socket = embedded(learner, given)
    assert await socket.connect()
    assert await socket.closed() == 4403


@attack("a websocket with a pass and somebody else's cookie", origin="page", expected="refused", held_by="a pass alone counts")
async def test_a_cookie_beside_a_pass_does_not_count(embedded, learner, sandbox, embed):
    sandbox.learner = learner
    await sync_to_async(sandbox.save)()
    socket = embedded(learner)
    assert await socket.connect()
    assert await socket.closed() == 4403


@attack("a websocket with a pass, from another site", origin="page", expected="refused", held_by="exact origins")
async def test_a_pass_does_not_open_from_another_origin(opens, embedded, embed, world):
    socket = opens(world.address, None, SITE)
    socket.scope["subprotocols"] = ["explorer", f"frame.{write_pass(embed)}"]
    assert not await socket.connect()
