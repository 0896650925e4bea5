"""Users: their table, their endpoints, and the search that lags behind."""
