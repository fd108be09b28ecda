import io

from explorer.launch.console import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_in_a_log_each_new_thing_is_one_line():
    console = Console(io.StringIO())
    console.begin("engine")
    for text in ("image box", "image box", "ready"):
        console.detail(text)
    console.done("26.1")
    lines = console.out.getvalue().splitlines()
    assert lines[:2] == ["  · image box", "  · ready"]
    assert lines[2].startswith("✓ engine ")
    assert lines[2].endswith(" s  26.1")


def test_on_a_terminal_the_line_at_work_is_redrawn():
    console = Console(Terminal())
    console.begin("engine")
    console.detail("image box")
    console.done()
    assert "\n" not in console.out.getvalue()[:-1]


def test_a_log_cannot_steer_the_terminal():
    console = Console(Terminal())
    console.begin("engine")
    console.detail("\033]0;owned\007\033[2J")
    assert "\033]" not in console.out.getvalue()
    assert "\033[2J" not in console.out.getvalue()


def test_a_terminal_that_is_gone_stops_nothing():
    console = Console(Gone())
    console.begin("engine")
    console.done()
