"""RFM: how lately, how often and for how much people bought, in equal groups with a name."""
