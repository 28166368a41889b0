"""SendGrid Marketing Campaigns: contacts and lists over the v3 API."""
