"""Be ready to be ended, then start.

As process 1 of a container a process is deaf to SIGTERM until it has a handler, and the imports
alone take half a second, or many on a busy node: a pod deleted meanwhile would wait to be killed.
"""

import sys

from weighbridge_server.shutdown import exit_on_signal


def main() -> int:
    """Run the server; return its exit code when there was nothing to stop."""
    exit_on_signal()
    from weighbridge_server._main import serve

    return serve()


if __name__ == "__main__":
    sys.exit(main())
