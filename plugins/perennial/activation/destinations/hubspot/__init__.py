"""HubSpot: contacts and manual lists, over the API of version 2026-09."""
