"""Customer value: what each customer was worth in each lookback, and where that ranks them."""
