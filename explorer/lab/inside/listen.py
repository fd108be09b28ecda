"""Packets as they come to a socket in a learner's namespace, where anybody may send as many as they like."""

from __future__ import annotations

import asyncio
import socket


async def receive(listening: socket.socket, size: int = 2048) -> bytes:
    """The next packet. asyncio hands on one that is already there without a pause, so a flood would hold the loop, and with it
    every clock that should end the listening. Everybody else gets a turn first."""
    await asyncio.sleep(0)
    return await asyncio.get_running_loop().sock_recv(listening, size)
