"""Small widgets that know nothing of the journey: they draw what they are given."""
