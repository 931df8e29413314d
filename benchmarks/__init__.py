"""Speed: our figures beside those of peers, measured in one run."""
