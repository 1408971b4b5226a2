"""Erasing a video: all that is kept of it, wherever that is, and a receipt of what is gone and what remains until
when."""
