"""Stand-ins for what surrounds Perennial, for demos and tests: source systems, an e-mail provider."""
