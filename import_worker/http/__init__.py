"""Asking others over HTTP, bounded in reach, time and size: one transport, for sources and for Assets alike."""
