"""What requests say and how entities are kept: bodies, queries, pages, JSON documents."""
