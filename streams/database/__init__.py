"""Results as rows of a PostgreSQL database: written by the agent `sink`, read by whoever shows them."""
