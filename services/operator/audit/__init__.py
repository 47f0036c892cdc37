"""`eventide audit`: the trail verified against checkpoints, and handed out."""
