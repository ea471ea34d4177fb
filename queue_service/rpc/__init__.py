"""The broker over gRPC: requests are checked and converted, answers and errors are put on the wire."""
