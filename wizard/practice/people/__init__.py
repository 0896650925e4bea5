"""The invented people of the practice legacy store, with real hashes and real dirt."""
