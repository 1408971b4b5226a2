"""The join: a pure state machine (`machine`), its state (`state`), its rows in the table (`rows`), its parts blob."""
