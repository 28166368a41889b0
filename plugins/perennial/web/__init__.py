"""The app inside Airflow's UI: saved dashboards and the insights store in, pages and charts out."""
