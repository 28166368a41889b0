"""Audiences as files: CSV, JSON lines or Parquet in a folder, on an SFTP server or an object store."""
