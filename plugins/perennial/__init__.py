"""Perennial: the round trip of customer lifetime value on Apache Airflow.

The packages stand in the order in which data travels: lake, signals, identity, value, profiles, insights,
audiences, activation, responses. No package imports one to its right; they know neither Airflow nor the web.
"""
