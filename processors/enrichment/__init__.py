"""What a result gains after it is final: what services say of its best moments, seen and heard, and write about them."""
