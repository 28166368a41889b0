"""The lake on Apache Spark: its snapshots as Spark DataFrames, and Spark's results as commits."""
