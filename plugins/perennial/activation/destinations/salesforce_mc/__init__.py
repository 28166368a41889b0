"""Salesforce Marketing Cloud: rows of sendable data extensions."""
