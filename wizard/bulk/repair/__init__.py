"""Half-made users are cured, and users that a run has made are removed."""
