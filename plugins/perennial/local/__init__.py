"""The stack on one machine: embedded PostgreSQL, Airflow's processes, collector, sandbox, demo."""
