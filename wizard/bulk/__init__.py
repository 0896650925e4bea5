"""Moving users in bulk: files that one import job takes, and what happens to them."""
