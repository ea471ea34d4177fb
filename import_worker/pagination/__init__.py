"""How pages follow one another: a position that can be stored, and the guard that every walk ends.

Pure: a walk is told what a page held and answers where the next one is.
"""
