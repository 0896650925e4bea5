"""Putting back what a run has changed: what was there before, what other runs rely on, the plan, and carrying it out."""
