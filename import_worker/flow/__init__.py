"""The flow of an import: the only control flow there is.

Four kinds of event carry a run from its start to its end; every change of state is a versioned write inside a Commit.
"""
