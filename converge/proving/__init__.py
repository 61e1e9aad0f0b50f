"""The proving ground: both nodes' runs on the lab's worlds, rehearsed one way or explored in all.

Here meet the lab and the real engine, kinds and guards; nothing in here decides for converge.
"""
