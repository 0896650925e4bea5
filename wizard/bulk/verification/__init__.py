"""What is in the connection, held against what was prepared: exports, look-ups, counts, and who is where."""
