"""Battles as pictures: animations, strips of frames, and real battles above imagined ones."""

from s2rm_sc2.draw.pictures import picture, write_comparison, write_comparison_gif, write_gif, write_strip

__all__ = ["picture", "write_comparison", "write_comparison_gif", "write_gif", "write_strip"]
