"""The command line."""

import os

# Read when gRPC is imported: its core tells of every closed connection on standard error otherwise.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
