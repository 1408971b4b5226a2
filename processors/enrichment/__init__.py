"""What a result gains after it is final: today what a service says of its best moments, seen and heard together."""
