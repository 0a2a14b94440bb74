"""The floor: what grpcio itself costs. It answers every call with bytes of a fixed size.

python -m bench.server.references.echo PORT THREADS
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

# As long as the answer of Predict, so that the network's share is the same.
_ANSWER = b"\x0a" * 150


class _EveryMethod(grpc.GenericRpcHandler):
    def service(self, _: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":
        return _HANDLER


def _answer(_: bytes, __: grpc.ServicerContext) -> bytes:
    return _ANSWER


_HANDLER: "grpc.RpcMethodHandler[Any, Any]" = grpc.unary_unary_rpc_method_handler(_answer)


def main() -> None:
    """Serve until killed."""
    port, threads = sys.argv[1:]
    server = grpc.server(ThreadPoolExecutor(int(threads)), [_EveryMethod()])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
