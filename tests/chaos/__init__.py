"""Kills of real processes at random moments, and what must hold after them."""
