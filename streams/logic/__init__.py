"""What each kind of stage does with a message; delivery is `streams.stage`'s."""
