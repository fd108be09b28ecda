"""The files of a lesson that a person sent: a zip, or files by name. This module writes nothing to disk and does not trust
the headers of a zip.

`unpack` returns names and bytes within the limits below; `lesson_files` returns the texts of a lesson. An error is one
sentence that names the entry.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Mapping

from explorer.lessons.load import MAIN, SCRIPT_BYTES, is_script

ZIP_BYTES = 1024 * 1024  # bytes of the zip
ALL_BYTES = 2 * 1024 * 1024  # bytes of all files together
FILE_BYTES = 512 * 1024
TEXT_BYTES = 64 * 1024  # bytes of one text of a lesson
MOST_FILES = 100
MOST_ENTRIES = 1000  # entries, with folders and ignored files
MOST_RATIO = 100  # a file may be so many times as big as in packed form …
RATIO_FROM = 32 * 1024  # … if it is longer than this: a short file may be one repeated letter
NAME_LENGTH = 120
DEPTH = 6
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # Python unpacks other methods without a limit
IGNORED = re.compile(r"(^|/)(__MACOSX(/|$)|\.DS_Store$|Thumbs\.db$|\._[^/]*$)")
UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


class BadBundle(Exception):
    """The files are refused: one sentence that begins with the entry that it is about."""

    def __init__(self, entry: str, why: str) -> None:
        self.entry = shown(entry)
        super().__init__(f"{self.entry}: {why}")


def shown(name: str) -> str:
    """A name that is safe to show: short, and without characters that move a cursor."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name[:NAME_LENGTH]) or "(no name)"


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of a zip, by name. Raises `BadBundle`."""
    if len(data) > ZIP_BYTES:
        raise BadBundle("the zip", f"is bigger than {ZIP_BYTES // 1024} KiB; a lesson is text, leave out what is not")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return checked((info, archive) for info in archive.infolist())
    except UNREADABLE as error:
        raise BadBundle("the zip", f"cannot be read ({type(error).__name__}); pack it again") from None


def checked(entries: Iterable[tuple[zipfile.ZipInfo, zipfile.ZipFile]]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    names = Names()
    for number, (info, archive) in enumerate(entries, start=1):
        if number > MOST_ENTRIES:
            raise BadBundle("the zip", f"holds more than {MOST_ENTRIES} entries")
        name = info.orig_filename
        if IGNORED.search(name):
            continue
        folder = name.endswith("/")
        names.add(name.removesuffix("/"), folder=folder)
        check_kind(info)
        if not folder:
            files[name] = read_entry(archive, info, ALL_BYTES - sum(map(len, files.values())))
    return files


def check_kind(info: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise BadBundle(info.orig_filename, "is a symbolic link; put the file itself there")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadBundle(info.orig_filename, "is a device, a pipe or a socket; a lesson is made of files")
    if info.flag_bits & 0x1:
        raise BadBundle(info.orig_filename, "is encrypted; pack it without a password")
    if info.compress_type not in PACKED:
        raise BadBundle(info.orig_filename, "is packed in a way other than stored or deflated; pack it as an ordinary zip")


def read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, room: int) -> bytes:
    """The bytes of an entry, at most the limit and one byte: the size in the header may be false. Raises `BadBundle`."""
    with archive.open(info) as entry:
        data = entry.read(min(FILE_BYTES, room) + 1)
    check_size(info.orig_filename, data, room)
    if len(data) > RATIO_FROM and len(data) > MOST_RATIO * max(info.compress_size, 1):
        raise BadBundle(info.orig_filename, f"is more than {MOST_RATIO} times as big as it was packed; that is no text")
    return data


def check_size(name: str, data: bytes, room: int) -> None:
    if len(data) > FILE_BYTES:
        raise BadBundle(name, f"is bigger than {FILE_BYTES // 1024} KiB")
    if len(data) > room:
        raise BadBundle(name, f"is where the files together exceed {ALL_BYTES // 1024} KiB")
    if data[:4] == b"PK\x03\x04":
        raise BadBundle(name, "is a zip in the zip; unpack it first")


def collect(given: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files by name, as a browser sends a folder, held to the same limits. Raises `BadBundle`."""
    files: dict[str, bytes] = {}
    names = Names()
    for name, data in given.items():
        if not IGNORED.search(name):
            names.add(name)
            check_size(name, data, ALL_BYTES - sum(map(len, files.values())))
            files[name] = data
    return files


class Names:
    """The names so far. It refuses names that are not valid, and two names that would be one file on some file system."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.folders: set[str] = set()

    def add(self, name: str, *, folder: bool = False) -> None:
        if problem := bad_name(name):
            raise BadBundle(name, problem)
        key = unicodedata.normalize("NFC", name).casefold()
        if folder:
            return
        if key in self.files:
            raise BadBundle(name, f"stands there twice (with {shown(self.files[key])}); upper and lower case are the same")
        self.files[key] = name
        if len(self.files) > MOST_FILES:
            raise BadBundle(name, f"is one file more than the {MOST_FILES} there may be")


def bad_name(name: str) -> str:
    """Why a name is not valid, as the end of a sentence; "" for a valid name."""
    parts = name.split("/")
    if "\0" in name:
        return "has a NUL byte in its name"
    if not all(letter.isprintable() for letter in name):
        return "has a control character in its name"
    if "\\" in name:
        return "has a backslash in its name; paths are written with /"
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "is an absolute path; a lesson's files lie in its folder"
    if ".." in parts:
        return "leads out of its folder; a lesson's files lie in it"
    if not name or "" in parts or "." in parts:
        return "is no file's name"
    if len(name) > NAME_LENGTH or len(parts) > DEPTH:
        return f"has a name longer than {NAME_LENGTH} letters or deeper than {DEPTH} folders"
    return ""


def find_home(files: Iterable[str], main: str) -> str:
    """The folder that holds `main`, with a slash at its end; "" for the top. Raises `BadBundle` when no folder holds it."""
    homes = sorted((name.count("/"), name) for name in files if name.rpartition("/")[2] == main)
    if not homes:
        raise BadBundle(main, "is not there; a lesson is a folder that holds it")
    if len(homes) > 1 and homes[0][0] == homes[1][0]:
        raise BadBundle(homes[1][1], "is a second lesson; send one at a time")
    return homes[0][1].removesuffix(main)


def at_home(files: Mapping[str, bytes], main: str) -> tuple[str, dict[str, bytes]]:
    """(the folder's own name or "", the files in it). Raises `BadBundle`, also when a file is outside of it."""
    home = find_home(files, main)
    for name in files:
        if not name.startswith(home):
            raise BadBundle(name, f"lies outside the folder that holds {main}; leave it out")
    return home.rstrip("/").rpartition("/")[2], {name.removeprefix(home): data for name, data in files.items()}


def lesson_files(files: Mapping[str, bytes]) -> tuple[str, dict[str, str]]:
    """(the folder's name or "", the lesson's texts by name). Raises `BadBundle`."""
    folder, inside = at_home(files, MAIN)
    return folder, {name: lesson_text(name, data) for name, data in inside.items()}


def lesson_text(name: str, data: bytes) -> str:
    if "/" in name:
        raise BadBundle(name, f"lies in a folder of its own; all files lie beside {MAIN}")
    if name != MAIN and not name.endswith(".md") and not is_script(name):
        raise BadBundle(name, f"is no part of a lesson; only {MAIN}, *.md and *.sh are")
    return read_text(name, data, SCRIPT_BYTES if is_script(name) else TEXT_BYTES)


def read_text(name: str, data: bytes, most: int = TEXT_BYTES) -> str:
    if len(data) > most:
        raise BadBundle(name, f"is bigger than {most // 1024} KiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadBundle(name, f"is not UTF-8 text (line {line}); save it as UTF-8") from None
    if "\0" in text:
        raise BadBundle(name, "holds a NUL byte; it is no text")
    return text.replace("\r\n", "\n")
