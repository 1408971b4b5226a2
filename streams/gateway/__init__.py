"""The gateway: the stream over HTTP. It talks to Kafka and the blob store, and computes nothing of the pipeline."""
