"""A config folder as data: its entries, their digests, and the tar archive made of them."""
