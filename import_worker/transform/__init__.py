"""From records of a source to encoded chunks for the destination. Pure: no clock, no input or output.

Owns the mapping of values, the names that data and mapping document share, and the bytes of a chunk.
"""
