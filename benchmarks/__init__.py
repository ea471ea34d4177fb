"""Measures of the broker, as ratios in one run: make bench."""
