"""The wire format: Avro schemas, the loader that gives each its bundled id, and the message classes."""

from schemas.loader import BUNDLED_ID_BASE, BUNDLED_ID_END, WireSchema, bundled, by_id, released

__all__ = ["BUNDLED_ID_BASE", "BUNDLED_ID_END", "WireSchema", "bundled", "by_id", "released"]
