"""Classic BPF programs, written by hand: they decide in the kernel which frames a socket gets, before a frame costs this
process anything.

Opcodes are class | size | mode, or class | operation | source, with the values of <linux/bpf_common.h>; the kernel's
Documentation/networking/filter.rst explains each. A jump only goes forwards, at most 255 instructions.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS: four bytes at k
LOAD_HALF = 0x28  # BPF_LD | BPF_H | BPF_ABS: two bytes at k
LOAD_BYTE = 0x30  # BPF_LD | BPF_B | BPF_ABS: one byte at k
LOAD_HALF_PAST_HEADER = 0x48  # BPF_LD | BPF_H | BPF_IND: two bytes at X + k
HEADER_LENGTH = 0xB1  # BPF_LDX | BPF_B | BPF_MSH: X is the length of the IPv4 header at k
EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
EQUAL_X = 0x1D  # BPF_JMP | BPF_JEQ | BPF_X
TO_X = 0x07  # BPF_MISC | BPF_TAX: X is what was loaded
ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K: how many bytes are kept; 0 drops the frame

SO_ATTACH_FILTER = 26  # <asm-generic/socket.h>
INSTRUCTION = struct.Struct("=HBBI")  # struct sock_filter: code, jump if true, jump if false, k


@dataclass(frozen=True, slots=True)
class Do:
    """One instruction. `yes` and `no` are the labels to continue at; "" is the next instruction."""

    code: int
    k: int
    yes: str = ""
    no: str = ""


Program = Sequence[Do | str]  # a string is the label of the next instruction


def udp_port(port: int, keep: int) -> Program:
    """Keeps UDP frames from or to `port`, over IPv4 (of a fragmented packet, only the first fragment has ports) or IPv6;
    `keep` bytes of each."""
    return (
        Do(LOAD_HALF, 12),  # the Ethernet type
        Do(EQUAL, 0x0800, yes="version 4"),
        Do(EQUAL, 0x86DD, yes="version 6", no="drop"),
        "version 4",
        Do(LOAD_BYTE, 14 + 9),  # the protocol
        Do(EQUAL, socket.IPPROTO_UDP, no="drop"),
        Do(LOAD_HALF, 14 + 6),  # flags and fragment offset
        Do(ANY_BIT, 0x1FFF, yes="drop"),
        Do(HEADER_LENGTH, 14),
        Do(LOAD_HALF_PAST_HEADER, 14),
        Do(EQUAL, port, yes="keep"),
        Do(LOAD_HALF_PAST_HEADER, 14 + 2),
        Do(EQUAL, port, yes="keep", no="drop"),
        "version 6",
        Do(LOAD_BYTE, 14 + 6),  # the next header
        Do(EQUAL, socket.IPPROTO_UDP, no="drop"),
        Do(LOAD_HALF, 14 + 40),
        Do(EQUAL, port, yes="keep"),
        Do(LOAD_HALF, 14 + 42),
        Do(EQUAL, port, yes="keep", no="drop"),
        "keep",
        Do(RETURN, keep),
        "drop",
        Do(RETURN, 0),
    )


def assemble(program: Program) -> bytes:
    """The program as an array of struct sock_filter, with labels turned into distances."""
    places: dict[str, int] = {}
    steps: list[Do] = []
    for one in program:
        if isinstance(one, str):
            places[one] = len(steps)
        else:
            steps.append(one)

    def jump(at: int, to: str) -> int:
        return places[to] - at - 1 if to else 0

    return b"".join(INSTRUCTION.pack(one.code, jump(at, one.yes), jump(at, one.no), one.k) for at, one in enumerate(steps))


def attach(opened: socket.socket, program: Program) -> None:
    """From now on, the socket gets only frames that the program keeps."""
    attach_code(opened, assemble(program))


def attach_code(opened: socket.socket, code: bytes) -> None:
    held = ctypes.create_string_buffer(code, len(code))
    pointer = struct.pack("@HP", len(code) // INSTRUCTION.size, ctypes.addressof(held))  # struct sock_fprog
    opened.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, pointer)
