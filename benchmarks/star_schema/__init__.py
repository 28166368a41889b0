"""A year of people and audiences as the star schema reads them, and readers who ask for KPIs all at once."""
