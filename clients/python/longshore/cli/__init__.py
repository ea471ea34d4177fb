"""The command line of Longshore, on top of the client."""
