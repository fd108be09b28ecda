"""`lesson preview`: keeps a draft equal to a folder in which somebody writes a lesson. Only where the site is a developer's
own.

When the folder is correct, it becomes the draft at once and open pages load again. When it is not, the command and the page
say why, and the draft stays as it was.
"""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from explorer.lessons.bundle import FILE_BYTES, BadBundle, collect
from explorer.lessons.load import load_lessons
from explorer.lessons.sent import Faulty, read_bundle
from explorer.sandboxes.models import AuthoredLesson

State = AuthoredLesson.State


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their path, as if they had been uploaded. Hidden files and links are left out. Raises
    `BadBundle`.
    """
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in inside.parts):
            with path.open("rb") as file:
                files[f"{folder.resolve().name}/{inside.as_posix()}"] = file.read(FILE_BYTES + 1)
    return collect(files)


def stamp_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """A value that differs when a file of the folder was changed, added or removed."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files if path.exists())


class Preview:
    """`slug` is empty until the folder was correct for the first time."""

    def __init__(self, folder: Path, author: User) -> None:
        self.folder, self.author, self.slug = folder, author, ""

    def take(self) -> str:
        """Reads the folder and saves the draft. Returns what is wrong with the folder, as `file:line: what`, or an empty
        string.
        """
        problem = self._keep()
        if self.slug:
            self._rows().update(report={"previewed": True, "error": problem})
        return problem

    def _keep(self) -> str:
        try:
            bundle = read_bundle(read_folder(self.folder))
        except (BadBundle, Faulty) as error:
            return str(error)
        slug = bundle.lesson.slug
        if slug in load_lessons():
            return f"{slug}: a lesson of this name comes with the site; give the folder another name"
        new = {"title": bundle.lesson.title, "files": bundle.files, "author": self.author}
        row, _ = AuthoredLesson.objects.get_or_create(slug=slug, defaults=new)
        if row.author_id != self.author.pk:
            return f"{slug}: somebody else's lesson has this name; give the folder another name"
        self.slug = slug
        if row.files != bundle.files:
            row.files, row.title, row.version = bundle.files, bundle.lesson.title, row.version + 1
            row.state, row.changed_at, row.left_out = State.DRAFT, timezone.now(), list(bundle.left_out)
            row.save()
        return ""

    def end(self) -> None:
        """Ends the preview. The draft stays; pages stop asking whether it has changed."""
        self._rows().filter(report__previewed=True).update(report={})

    def _rows(self) -> models.QuerySet[AuthoredLesson]:
        return AuthoredLesson.objects.filter(slug=self.slug, author=self.author)
