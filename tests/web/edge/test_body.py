"""A body that is too long is refused before anything keeps it, whether it says how long it is or not."""

from asgiref.testing import ApplicationCommunicator

from explorer.web.edge.body import UPLOAD_BYTES, USUAL_BYTES, bounded
from tests.attacks import attack


class Reader:
    """Reads whole bodies, as Django does, and answers with how long they were."""

    def __init__(self):
        self.got = 0

    async def __call__(self, scope, receive, send):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            self.got += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def ask(pieces, path="/", told=None):
    """(status, bytes the application got)."""
    reader = Reader()
    headers = [(b"content-length", str(told).encode())] if told is not None else []
    talk = ApplicationCommunicator(bounded(reader), {"type": "http", "path": path, "headers": headers})
    for at, piece in enumerate(pieces):
        await talk.send_input({"type": "http.request", "body": piece, "more_body": at + 1 < len(pieces)})
    answer = await talk.receive_output(5)
    await talk.wait(5)
    return answer["status"], reader.got


async def test_what_fits_arrives():
    assert await ask([b"x" * 1000] * 3, told=3000) == (200, 3000)
    assert await ask([b""]) == (200, 0)


@attack("a body that says it is huge", origin="page", expected="refused", held_by="a limit before it is kept")
async def test_one_that_says_it_is_too_long_reaches_nobody():
    assert await ask([b"x" * 1000], told=USUAL_BYTES + 1) == (413, 0)


@attack("a body without end", origin="page", expected="refused", held_by="a limit while it comes")
async def test_one_that_does_not_say_is_cut_off():
    status, got = await ask([b"x" * 50_000] * 10)
    assert status == 413
    assert got <= USUAL_BYTES


@attack("a body longer than it says", origin="page", expected="refused", held_by="a limit while it comes")
async def test_one_that_lies_is_cut_off():
    assert (await ask([b"x" * 50_000] * 10, told=10))[0] == 413


async def test_a_lesson_may_be_longer_and_only_there():
    body = [b"x" * 500_000]
    assert (await ask(body, "/teach/bring/", 500_000))[0] == 200
    assert (await ask(body, "/teach/lessons/", 500_000))[0] == 413
    assert (await ask(body, "/teach/bring/", UPLOAD_BYTES + 1))[0] == 413
