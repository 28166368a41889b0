"""Mailchimp: members of one audience and their merge fields, over the Marketing API 3.0."""
