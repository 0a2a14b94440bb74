"""Run grpcio-tools' built-in gRPC generator as a protoc plugin for buf.

buf calls protoc for the generators it knows as built-in and a plugin for all others; grpcio-tools
has its gRPC generator inside protoc only. This bridges the two: request in, files out.
"""

import sys
import tempfile
from pathlib import Path

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc  # type: ignore[import-untyped]  # it has no py.typed


def main() -> None:
    """Read a CodeGeneratorRequest from stdin, write the generated files to stdout."""
    request = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = CodeGeneratorResponse(
        supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    with tempfile.TemporaryDirectory() as folder:
        descriptors = Path(folder, "in.binpb")
        descriptors.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
        out = Path(folder, "out")
        out.mkdir()
        arguments = [f"--descriptor_set_in={descriptors}", f"--grpc_python_out={out}"]
        # A file without services would come out with nothing but its head.
        names = {file.name for file in request.proto_file if file.service}
        if protoc.main(["protoc", *arguments, *(names & set(request.file_to_generate))]):
            response.error = "grpc_python failed; its message stands above"
        for path in sorted(out.rglob("*.py")):
            response.file.add(name=str(path.relative_to(out)), content=path.read_text())
    sys.stdout.buffer.write(response.SerializeToString())


if __name__ == "__main__":
    main()
