"""Import and export jobs, and the schema of a user in an import file."""
