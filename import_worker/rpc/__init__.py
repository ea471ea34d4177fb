"""ImportService over gRPC: requests checked, answers written, problems turned into rich errors."""
