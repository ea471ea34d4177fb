"""A first look at an API: what it is, how its pages follow one another, and a first file for its import.

A few bounded requests; nothing is changed anywhere.
"""
