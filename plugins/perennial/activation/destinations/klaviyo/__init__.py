"""Klaviyo: profiles and lists, over the JSON:API of revision 2026-07-15."""
