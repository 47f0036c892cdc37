"""`decide`: whether one part of one patient's record may be used, or disclosed to somebody, and under which duties.

Pure: what it must know of the world is in the `Question`. Rules are named, and each cites its clause of 42 CFR part 2.
"""
