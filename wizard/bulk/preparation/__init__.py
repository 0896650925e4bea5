"""From the records of a legacy store to files that one import job takes each, with the rejects and a manifest."""
