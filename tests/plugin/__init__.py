"""A flow that lives outside the distribution: notes in Redis become numbered copies in Redis."""
