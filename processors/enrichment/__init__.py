"""What a result gains after it is final: what services say of its best moments, and write about them."""
