"""Customer.io: people and manual segments, over the Track API (v2 batches) and the App API."""
