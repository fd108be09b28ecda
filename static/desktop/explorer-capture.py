#!/usr/bin/env python3
"""Reads one capture of the Docker Network Explorer as it runs, as pcapng.

    python3 explorer-capture.py "wss://SITE/ws/pcapng/#TICKET" | wireshark -k -i -

The page of a sandbox shows this line with a ticket: Capture, "In Wireshark". A ticket works once, within five minutes.

It is also an extcap program: put it into Wireshark's folder for personal extcap programs (Help, About Wireshark, Folders),
make it executable, and paste the address with the ticket into the options of the interface "Docker Network Explorer".

It needs Python 3.9 and nothing else. It sends the ticket and receives packets; it sends nothing else.
"""

import argparse
import base64
import hashlib
import os
import socket
import ssl
import struct
import sys
from urllib.parse import urlsplit

ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
MOST = 16 * 1024 * 1024  # bytes of one message
REASONS = {
    403: "This ticket was used, is too old, or is for something that may no longer be seen. Ask the page for another one.",
    404: "There is no Docker Network Explorer at this address.",
}


def accepted(key):
    return base64.b64encode(hashlib.sha1(key + ACCEPT, usedforsecurity=False).digest())


class Failed(Exception):
    """The text is one sentence for the person at the terminal."""


class Connection:
    """A websocket of which only the receiving side is used (RFC 6455)."""

    def __init__(self, address):
        parts = urlsplit(address)
        if parts.scheme not in ("ws", "wss") or not parts.hostname or not parts.fragment:
            raise Failed('The address looks like "wss://SITE/ws/pcapng/#TICKET".')
        secure = parts.scheme == "wss"
        try:
            self.socket = socket.create_connection((parts.hostname, parts.port or (443 if secure else 80)), timeout=20)
            if secure:
                self.socket = ssl.create_default_context().wrap_socket(self.socket, server_hostname=parts.hostname)
        except OSError as error:
            raise Failed(f"{parts.netloc} cannot be reached: {error}.") from error
        self.file = self.socket.makefile("rb")
        self.greet(parts, "https" if secure else "http")
        self.socket.settimeout(None)

    def greet(self, parts, scheme):
        key = base64.b64encode(os.urandom(16))
        lines = [
            f"GET {parts.path or '/'} HTTP/1.1",
            f"Host: {parts.netloc}",
            f"Origin: {scheme}://{parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key.decode()}",
            f"Authorization: Bearer {parts.fragment}",
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace"))
        words = self.file.readline(1000).split()
        status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        headers = {}
        for _ in range(100):
            name, _, value = self.file.readline(10000).decode("latin-1").partition(":")
            if not name.strip():
                break
            headers[name.strip().lower()] = value.strip()
        if status != 101:
            raise Failed(REASONS.get(status, f"The site answered with status {status}."))
        if headers.get("sec-websocket-accept", "").encode() != accepted(key):
            raise Failed("What answers at this address speaks no websocket.")

    def messages(self):
        """The binary messages, until the site ends the connection."""
        message = b""
        while True:
            first, second = self.take(2)
            kind, last, size = first & 0x0F, first & 0x80, second & 0x7F
            if size > 125:
                size = struct.unpack(">H", self.take(2))[0] if size == 126 else struct.unpack(">Q", self.take(8))[0]
            if second & 0x80 or len(message) + size > MOST:
                raise Failed("What came is no websocket message.")
            body = self.take(size)
            if kind == CLOSE:
                return
            if kind == PING:
                self.send(PONG, body)
            elif kind in (BINARY, CONTINUED):
                message += body
                if last:
                    yield message
                    message = b""

    def take(self, size):
        data = self.file.read(size)
        if len(data) < size:
            raise Failed("The connection was lost.")
        return data

    def send(self, kind, body):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(body[:125]))
        self.socket.sendall(bytes([0x80 | kind, 0x80 | len(masked)]) + mask + masked)


def carry(address, out):
    for message in Connection(address.strip()).messages():
        out.write(message)
        out.flush()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", nargs="?", help='"wss://SITE/ws/pcapng/#TICKET", as the page shows it')
    extcap = parser.add_argument_group("what Wireshark asks of an extcap program")
    for flag in ("--extcap-interfaces", "--extcap-dlts", "--extcap-config", "--capture"):
        extcap.add_argument(flag, action="store_true")
    for flag in ("--extcap-interface", "--extcap-version", "--extcap-capture-filter", "--fifo", "--ticket"):
        extcap.add_argument(flag, default="", nargs="?")
    return parser.parse_args()


def main():
    asked = arguments()
    if asked.extcap_interfaces:
        print("extcap {version=1.0}{display=Docker Network Explorer}")
        print("interface {value=explorer}{display=Docker Network Explorer}")
    elif asked.extcap_dlts:
        print("dlt {number=1}{name=EN10MB}{display=Ethernet}")
    elif asked.extcap_config:
        print("arg {number=0}{call=--ticket}{display=Address with ticket}{type=string}{required=true}{save=false}")
    elif asked.capture:
        with open(asked.fifo, "wb") as fifo:
            carry(asked.ticket or "", fifo)
    elif asked.address:
        carry(asked.address, sys.stdout.buffer)
    else:
        raise Failed("The page of your sandbox shows the line to run: Capture, In Wireshark.")


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(f"explorer-capture: {failed}")
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)  # the reader has left; nothing is left to flush
    except (OSError, ValueError) as error:  # ValueError: an address that is none, such as one with port 99999
        sys.exit(f"explorer-capture: {error}")
