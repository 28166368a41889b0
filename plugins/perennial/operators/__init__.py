"""The Airflow edge: operators that run a stage of the round trip and say what it did on the asset's event."""
