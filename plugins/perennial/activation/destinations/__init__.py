"""The places that audiences go to, one folder each, behind the small protocols of `base`."""
