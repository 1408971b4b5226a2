"""The result cache: memory, then Redis, then disk."""

from processors.cache.results import ResultCache
from processors.cache.tiers import DiskTier, MemoryTier, RedisTier, Tier, TierUnavailable

__all__ = ["DiskTier", "MemoryTier", "RedisTier", "ResultCache", "Tier", "TierUnavailable"]
