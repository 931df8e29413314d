"""What models learn from: windows of recorded episodes, turned and mirrored if asked, and which views are kept."""

from worldmodel.windows.slices import Windows
from worldmodel.windows.source import HELD_OUT_EVERY, Split, WindowSource, load_windows
from worldmodel.windows.symmetry import moved, relocated, symmetries, turned
from worldmodel.windows.views import draw_views

__all__ = [
    "HELD_OUT_EVERY",
    "Split",
    "WindowSource",
    "Windows",
    "draw_views",
    "load_windows",
    "moved",
    "relocated",
    "symmetries",
    "turned",
]
