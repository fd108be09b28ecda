"""What can go wrong on a node, and whose fault it is.

LabError
├── NodeError       the node's: the engine, an image or the kernel; the operator has to act
│   ├── NoRoom      no LAN is left for another sandbox
│   └── NoDriver    its kernel lacks what a network driver needs
├── HostError       the learner's host: dead daemon, vanished process, answers that make no sense; a reset makes the host new
│   └── HostTimeout
├── NotThere        no such sandbox, host, container, machine or interface (any more)
├── BadFilter       a filter expression that is not valid
└── BadWeather      weather that a link cannot have here
"""

from __future__ import annotations


class LabError(Exception):
    """`str(error)` is one sentence for a person; `detail` is for the log."""

    def __init__(self, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.detail = detail


class NodeError(LabError):
    pass


class NoRoom(NodeError):
    pass


class NoDriver(NodeError):
    pass


class HostError(LabError):
    pass


class HostTimeout(HostError):
    pass


class NotThere(LabError):
    pass


class BadFilter(LabError):
    pass


class BadWeather(LabError):
    pass
