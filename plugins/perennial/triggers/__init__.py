"""What waits in Airflow's triggerer: for messages, and for files that are late."""
