"""Errors of the stack.

StackError
├── NotReadyError      something this machine lacks, found before anything was started
├── StartError         a part that did not come up
├── OtherPortsError    the stack runs already, on other ports
└── BusyError          another command is changing the stack now
"""


class StackError(Exception):
    """Base of all errors that the stack raises on purpose; the text tells the way out."""


class NotReadyError(StackError):
    """Something on this machine is in the way; nothing has been started."""


class StartError(StackError):
    """A part did not come up; the text holds the end of its log."""


class OtherPortsError(StackError):
    """The stack runs already, on ports other than those asked for."""


class BusyError(StackError):
    """Another command is changing this stack now."""
