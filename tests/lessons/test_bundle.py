"""What somebody sends as a lesson: a good zip, and every kind of bad one, refused with a sentence that names the entry."""

import io
import stat
import struct
import tracemalloc
import zipfile

import pytest

from explorer.lessons import bundle
from explorer.lessons.bundle import BadBundle, lesson_files, unpack
from tests.attacks import attack

GOOD = {"demo/lesson.toml": b"title = 'x'\n", "demo/1.md": "Grüße\n".encode(), "demo/check.sh": b"exit 0\n"}


def packed(files, change=lambda info: None, how=zipfile.ZIP_DEFLATED):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            change(info)
            archive.writestr(info, data, how)
    return kept.getvalue()


def refusal(data):
    with pytest.raises(BadBundle) as caught:
        lesson_files(unpack(data))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_good_zip_gives_its_folder_and_texts():
    assert lesson_files(unpack(packed(GOOD))) == (
        "demo",
        {"lesson.toml": "title = 'x'\n", "1.md": "Grüße\n", "check.sh": "exit 0\n"},
    )


def test_a_zip_without_a_folder_is_one_too():
    assert lesson_files(unpack(packed({"lesson.toml": b"", "1.md": b"x"})))[0] == ""


def test_what_a_mac_adds_is_left_out():
    extra = {"__MACOSX/demo/._1.md": b"\x00", "demo/.DS_Store": b"\x00", "demo/._1.md": b"\x00"}
    assert lesson_files(unpack(packed({**GOOD, **extra}))) == lesson_files(unpack(packed(GOOD)))


BAD_NAMES = [
    ("../evil.md", "leads out of its folder"),
    ("demo/../../evil.md", "leads out of its folder"),
    ("/etc/passwd", "is an absolute path"),
    ("C:evil.md", "is an absolute path"),
    ("demo\\evil.md", "has a backslash"),
    ("demo/a\x1b[2J.md", "has a control character"),
    ("demo//1.md", "is no file's name"),
    ("demo/./1.md", "is no file's name"),
    ("demo/" + "x" * 130 + ".md", "has a name longer than 120"),
    ("demo/2.MD", "is no part of a lesson"),
    ("demo/program.py", "is no part of a lesson"),
    ("demo/more/1.md", "lies in a folder of its own"),
    ("other/1.md", "lies outside the folder that holds lesson.toml"),
]


@attack("a zip entry named {name!r}", origin="page", expected="refused", held_by="names of entries are checked")
@pytest.mark.parametrize(("name", "why"), BAD_NAMES)
def test_a_name_that_is_none_is_refused_with_it(name, why):
    told = refusal(packed({**GOOD, name: b"x"}))
    assert why in told
    assert told.partition(":")[0] in {bundle.shown(name), bundle.shown(name.removeprefix("demo/")), "C"}


def test_a_nul_in_a_name_is_refused():
    data = packed({**GOOD, "demo/aXb.md": b"x"}).replace(b"demo/aXb.md", b"demo/a\0b.md")
    assert "NUL byte in its name" in refusal(data)


def test_names_that_differ_by_case_only_are_refused():
    assert refusal(packed({**GOOD, "demo/Check.sh": b"x"})) == (
        "demo/Check.sh: stands there twice (with demo/check.sh); upper and lower case are the same"
    )


@attack("a link or device in an uploaded zip", origin="page", expected="refused", held_by="only regular files")
@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (stat.S_IFLNK, "is a symbolic link"),
        (stat.S_IFCHR, "is a device"),
        (stat.S_IFIFO, "is a device"),
        (stat.S_IFSOCK, "is a device"),
    ],
)
def test_what_is_no_file_is_refused(kind, why):
    def change(info):
        if info.filename.endswith("1.md"):
            info.external_attr = (kind | 0o777) << 16

    assert refusal(packed(GOOD, change)).startswith(f"demo/1.md: {why}")


@attack("an encrypted zip entry", origin="page", expected="refused", held_by="plain entries")
def test_an_encrypted_entry_is_refused():
    data = bytearray(packed({"lesson.toml": b"x"}))
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<H", data, at + 8, 1)
    assert refusal(bytes(data)) == "lesson.toml: is encrypted; pack it without a password"


@attack("a zip packed by {how}, which has no bound", origin="page", expected="refused", held_by="two kinds of packing")
@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_without_a_bound_are_refused(how):
    assert "other than stored or deflated" in refusal(packed({"lesson.toml": b"x" * 100}, how=how))


@attack("a zip bomb", origin="page", expected="refused", held_by="unpacked to a limit")
def test_a_bomb_costs_no_more_than_the_limit():
    bomb = packed({"lesson.toml": b"", "big.md": bytes(200_000_000)})
    assert len(bomb) < bundle.ZIP_BYTES
    tracemalloc.start()
    told = refusal(bomb)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told == "big.md: is bigger than 512 KiB"
    assert most < 4_000_000


@attack("a zip that lies about its size", origin="page", expected="refused", held_by="unpacked to a limit")
def test_a_header_that_lies_about_the_size_is_not_believed():
    data = bytearray(packed({"lesson.toml": b"", "big.md": b"x" * 600_000}))
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    struct.pack_into("<I", data, at + 24, 10)
    assert refusal(bytes(data)).startswith("the zip: cannot be read")


def test_a_ratio_no_text_has_is_refused():
    assert "times as big as it was packed" in refusal(packed({"lesson.toml": b"", "1.md": b"a" * 60_000}))


@attack("many small zip bombs", origin="page", expected="refused", held_by="one limit for all")
def test_many_small_bombs_together_are_refused():
    files = {f"{at}.md": (b"%d" % at) * 200_000 for at in range(10)}
    assert "times as big" in refusal(packed({"lesson.toml": b"", **files})) or "together exceed" in refusal(packed(files))


def test_stored_files_that_are_too_much_together_are_refused(monkeypatch):
    monkeypatch.setattr(bundle, "ALL_BYTES", 50_000)
    assert "together exceed" in refusal(packed({"lesson.toml": b"", "1.md": b"ab" * 15_000, "2.md": b"cd" * 15_000}))


@attack("a zip of very many files", origin="page", expected="refused", held_by="a number of files")
def test_too_many_files_are_refused():
    assert "is one file more than the 100" in refusal(packed({f"{at}.md": b"" for at in range(101)}))


def test_too_many_folders_are_refused():
    assert refusal(packed({f"{at}/": b"" for at in range(1001)})) == "the zip: holds more than 1000 entries"


@attack("a zip in a zip", origin="page", expected="refused", held_by="known kinds of files")
def test_a_zip_in_the_zip_is_refused():
    assert refusal(packed({"lesson.toml": b"", "more.md": packed(GOOD)})) == "more.md: is a zip in the zip; unpack it first"


def test_a_zip_that_is_too_big_is_not_even_looked_at():
    assert refusal(b"x" * (bundle.ZIP_BYTES + 1)).startswith("the zip: is bigger than 1024 KiB")


@attack("bytes that are no zip", origin="page", expected="refused", held_by="the reader's own check")
@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04" + bytes(30), packed(GOOD)[:-40], packed(GOOD)[40:]])
def test_what_is_no_zip_is_refused(data):
    assert refusal(data).startswith("the zip: cannot be read")


def test_a_zip_without_a_lesson_is_refused():
    assert refusal(packed({"readme.md": b"x"})) == "lesson.toml: is not there; a lesson is a folder that holds it"


def test_two_lessons_at_once_are_refused():
    assert "is a second lesson" in refusal(packed({**GOOD, "other/lesson.toml": b""}))


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("demo/1.md", b"ok\n\xff", "1.md: is not UTF-8 text (line 2)"),
        ("demo/1.md", b"a\0b", "1.md: holds a NUL byte"),
        ("demo/1.md", b"ab \n" * 20_000, "1.md: is bigger than 64 KiB"),
        ("demo/check.sh", b"ab \n" * 5_000, "check.sh: is bigger than 16 KiB"),
    ],
)
def test_a_text_that_is_none_is_refused(name, data, why):
    assert why in refusal(packed({**GOOD, name: data}, how=zipfile.ZIP_STORED))


@attack("uploaded files by name, with .. and /", origin="page", expected="refused", held_by="the rules of a zip")
def test_files_that_come_by_name_are_held_to_the_same_rules():
    assert lesson_files(bundle.collect(GOOD)) == lesson_files(unpack(packed(GOOD)))
    with pytest.raises(BadBundle, match="leads out"):
        bundle.collect({"../x.md": b""})
    with pytest.raises(BadBundle, match="bigger than 512 KiB"):
        bundle.collect({"x.md": bytes(600_000)})
