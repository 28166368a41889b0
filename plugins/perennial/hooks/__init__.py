"""Airflow hooks: connections in, clients of other systems out, by the conventions of providers."""
