"""Moving users in bulk: files that one import job takes each, what becomes of them, and the proof. A room for each part."""
