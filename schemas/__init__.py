"""The wire format: Avro schemas, the loader that gives each its bundled id, and the message classes."""

from schemas.loader import BUNDLED_ID_BASE, WireSchema, bundled, by_id

__all__ = ["BUNDLED_ID_BASE", "WireSchema", "bundled", "by_id"]
