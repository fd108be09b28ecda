"""Receives packets on a socket in a learner's namespace, where anybody may send as many as they like."""

from __future__ import annotations

import asyncio
import socket


async def receive(listening: socket.socket, size: int = 2048) -> bytes:
    """The next packet. asyncio returns a packet that is already there without a pause, so a flood would stop all other tasks
    and timers. The pause here lets them run first."""
    await asyncio.sleep(0)
    return await asyncio.get_running_loop().sock_recv(listening, size)


async def received(listening: socket.socket, size: int = 2048) -> tuple[bytes, str]:
    """The next packet, and the address that sent it."""
    await asyncio.sleep(0)
    packet, sender = await asyncio.get_running_loop().sock_recvfrom(listening, size)
    return packet, str(sender[0])
