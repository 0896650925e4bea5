"""The Authentication API: tokens, logins, and what clients look up."""
