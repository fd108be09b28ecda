"""Turns Killercoda's Markdown into the Markdown of lessons: clickable code becomes `run` blocks, and what a lesson may not
hold becomes words.

A mark in double braces stands behind code: `exec` (older: `execute`) types the code, `copy` copies it. For a fenced block,
the mark stands on the last line of the fence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from explorer.lessons import render

MARK = r"\{\{\s*([a-zA-Z][^{}\n]{0,40}?|)\s*\}\}"
FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})([^`]*)$")
CODE = re.compile(rf"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)(?:{MARK})?")
PORT_OF = r"(?:\{\{\s*TRAFFIC_HOST(\d)_(\d+)\s*\}\}|https?://\[\[HOST_SUBDOMAIN\]\]-(\d+)-\[\[KATACODA_HOST\]\])[^\s)\]]*"
TRAFFIC = re.compile(PORT_OF)
TRAFFIC_LINK = re.compile(rf"\[([^\]\n]*)\]\({PORT_OF}\)")
PICTURE = re.compile(r"!\[([^\]\n]*)\]\(([^)\n]*)\)")
LINK = re.compile(r"\[([^\]\n]*)\]\(\s*<?([^)>\s]*)>?[^)\n]*\)")
AUTOLINK = re.compile(r"<((?:https?|mailto|ftp):[^>\s]*)>")
DEFINITION = re.compile(r"^\s{0,3}\[[^\]\n]+\]:\s*\S+")
TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->|<[!?][^<>]*>")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
LIST_ITEM = re.compile(r"^\s*([-*+]|\d+[.)])\s")
CONTINUES = re.compile(r"(\\|\||&&)$")
PLACE = "h1"

SAID = {
    "interrupt": "“interrupt”: Ctrl+C is not pressed before a command is typed.",
    "tab": "commands for a second terminal are typed into the first one of h1.",
    "host": "commands for a second machine; they are shown and cannot be clicked.",
    "open": "a file opened in an editor; there is none here.",
    "traffic": "links into the sandbox; ask from the place `outside` instead: curl h1:PORT.",
    "mark": "a mark in double braces that means nothing here.",
    "picture": "a picture; a lesson shows the sandbox itself.",
    "link": "a link to elsewhere; its address stands there as text.",
    "html": "raw HTML; its words stand there without the tags.",
    "lines": "a command of several lines; it is shown and cannot be clicked, one line is one command here.",
    "kept": "a line that a lesson may not hold; it is shown as plain text.",
}


def convert_text(text: str) -> tuple[str, list[str]]:
    """(Markdown in which `render.faults` finds nothing, what was lost)."""
    writer = Writer()
    writer.take(COMMENT.sub("", text).split("\n"))
    return writer.sound(), [SAID[loss] for loss in SAID if loss in writer.losses]


@dataclass
class Writer:
    """Reads line by line and knows whether the line is inside a fence."""

    lines: list[str] = field(default_factory=list)
    losses: set[str] = field(default_factory=set)
    waiting: list[str] = field(default_factory=list)  # clickable commands in the current paragraph

    def take(self, lines: list[str]) -> None:
        at = 0
        while at < len(lines):
            opened = FENCE.match(lines[at])
            if not opened:
                self.prose(lines[at])
                at += 1
                continue
            closing = re.compile(rf"^\s*{re.escape(opened[2][0])}{{{len(opened[2])},}}\s*(?:{MARK})?\s*$")
            end = next((n for n in range(at + 1, len(lines)) if closing.match(lines[n])), len(lines))
            mark = closing.match(lines[end]) if end < len(lines) else None
            self.flush()
            self.fence(opened[1], opened[3].strip(), lines[at + 1 : end], (mark[1] or "") if mark else "")
            at = end + 1
        self.flush()

    def flush(self) -> None:
        for command in self.waiting:
            self.block("", f"run {PLACE}", [command])
        self.waiting = []

    def block(self, indent: str, info: str, inside: list[str]) -> None:
        longest = max((len(run) for line in inside for run in re.findall("`+", line)), default=0)
        fence = indent + "`" * max(3, longest + 1)
        if self.lines and self.lines[-1].strip():
            self.lines.append("")
        self.lines += [fence + info, *inside, fence]

    # --- code ---

    def fence(self, indent: str, info: str, inside: list[str], mark: str) -> None:
        language = re.sub(r"[^A-Za-z0-9+-]", "", info.split(" ")[0]) if info else ""
        language = "" if language == "run" else language
        if not self.typed(mark):
            self.block(indent, language, inside)
            return
        commands = joined(inside)
        if commands is None:
            self.losses.add("lines")
            self.block(indent, language, inside)
        elif commands:
            self.block(indent, f"run {PLACE}", [indent + command for command in commands])

    def typed(self, mark: str) -> bool:
        """Whether a click types the code that has this mark."""
        name, *rest = mark.split() or [""]
        if name.lower() not in ("exec", "execute"):
            if name.lower() == "open":
                self.losses.add("open")
            elif name and name.lower() != "copy":
                self.losses.add("mark")
            return False
        further = " ".join(rest).upper()
        if re.search(r"HOST(?!0?1\b)\d", further):
            self.losses.add("host")
            return False
        if "INTERRUPT" in further:
            self.losses.add("interrupt")
        if re.search(r"\bT[2-9]", further):
            self.losses.add("tab")
        return True

    # --- prose ---

    def prose(self, line: str) -> None:
        if not line.strip() or LIST_ITEM.match(line):
            self.flush()
        if DEFINITION.match(line):
            self.losses.add("link")
            return
        written, end, alone = "", 0, ""
        for found in CODE.finditer(line):
            written += self.words(line[end : found.start()])
            end = found.end()
            command = found[2].strip()
            if self.typed(found[3] or "") and command:
                self.waiting.append(command)
                alone += found[0]
            written += f"{found[1]}{found[2]}{found[1]}"
        written += self.words(line[end:])
        if not alone or line.strip() != alone:  # a line that holds only commands becomes only buttons
            self.lines.append(written)

    def words(self, text: str) -> str:
        text = self.lost("traffic", TRAFFIC_LINK, lambda found: f"{found[1]} ({port(*found.groups()[1:])})", text)
        text = self.lost("traffic", TRAFFIC, lambda found: port(*found.groups()), text)
        text = text.replace("{{TRAFFIC_SELECTOR}}", "the ports of h1")
        text = self.lost("mark", re.compile(MARK), lambda found: "", text)
        text = self.lost("picture", PICTURE, lambda found: f"*{found[1]}*" if found[1].strip() else "", text)
        text = LINK.sub(self.link, text)
        text = self.lost("link", AUTOLINK, lambda found: f"`{found[1]}`", text)
        return self.lost("html", TAG, lambda found: "", text)

    def lost(self, loss: str, pattern: re.Pattern[str], instead: object, text: str) -> str:
        changed, count = pattern.subn(instead, text)  # type: ignore[call-overload]
        if count:
            self.losses.add(loss)
        return str(changed)

    def link(self, found: re.Match[str]) -> str:
        text, address = found[1], found[2]
        if address.startswith("#"):
            return found[0]
        self.losses.add("link")
        shown = address.replace("`", "")
        return f"{text} (`{shown}`)" if shown and shown != text else text

    # --- the end ---

    def sound(self) -> str:
        """The text without faults: lines that a lesson may not hold are escaped, and if that does not help the whole text
        becomes code."""
        for _ in range(3):
            wrong = {fault.line - 1 for fault in render.faults("\n".join(self.lines))}
            if not wrong:
                return "\n".join(self.lines).strip("\n") + "\n"
            self.losses.add("kept")
            for at in wrong & set(range(len(self.lines))):
                self.lines[at] = re.sub(r"([<\[!])", r"\\\1", self.lines[at])
        plain = [line.replace("`", "'") for line in self.lines]
        return "\n".join(["```", *plain, "```"]) + "\n"


def port(host: str | None, number: str | None, katacoda: str | None) -> str:
    return f"port {number or katacoda} of h{host or 1}"


def joined(lines: list[str]) -> list[str] | None:
    """One command per line: continued lines are joined, comments removed. None when a command needs more than one line."""
    commands: list[str] = []
    before = ""
    for line in lines:
        text = line.strip()
        if not before and (not text or text.startswith("#")):
            continue
        before = f"{before} {text}".strip()
        if CONTINUES.search(before):
            before = before.removesuffix("\\").rstrip()
            continue
        commands.append(before)
        before = ""
    commands += [before] if before else []
    whole = all(balanced(command) for command in commands)
    return commands if whole else None


def balanced(command: str) -> bool:
    """Whether a line is complete: no open quote, no here-document, no half of a loop."""
    left = re.sub(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"", "", command)
    if "'" in left or '"' in left or re.search(r"<<-?\s*\S", left):
        return False
    opened = len(re.findall(r"(?:^|;|\bdo|\bthen)\s*(?:for|while|until|if|case)\b", left))
    closed = len(re.findall(r"\b(?:done|fi|esac)\b", left))
    return opened == closed and left.count("{") == left.count("}") and left.count("(") == left.count(")")
