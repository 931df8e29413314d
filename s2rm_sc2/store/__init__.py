"""The episode store: ragged episodes in flat zarr arrays, counted by one atomic commit record."""

from s2rm_sc2.store.layout import StoreSettings
from s2rm_sc2.store.reader import ArrayInfo, EpisodeStore, find_stores
from s2rm_sc2.store.writer import StoreWriter

__all__ = ["ArrayInfo", "EpisodeStore", "StoreSettings", "StoreWriter", "find_stores"]
