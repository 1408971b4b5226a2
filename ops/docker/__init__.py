"""What belongs to the container image."""
